"""`foreseen score` of some rows, and of none: what is tried, shown, resumed and written."""

from pathlib import Path

import pytest

from foreseen.entrypoints.cli.commands import dry_run
from support.command_in_process import run_here

HEADER = "sepal_length,sepal_width,petal_length,petal_width,kind\n"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thousand flowers, of which every fifth is old and every hundredth cannot be scored."""
    rows = [
        f"{'wide' if row % 100 == 50 else 4 + row % 40 / 10},3,{1 + row % 60 / 10},1,{'new' if row % 5 else 'old'}\n"
        for row in range(1000)
    ]
    path = tmp_path_factory.mktemp("chosen") / "in.csv"
    path.write_text(HEADER + "".join(rows))
    return path


def test_the_output_has_the_rows_that_were_chosen(flower_model: Path, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    options = ("--where", "kind == 'new'", "--sample", "50%", "--limit", 20, "--chunk-rows", 7)

    done = run_here(
        "score", flower_model, table, "-o", out, *options, "--model-column", "model", "--output-delimiter", ";"
    )

    lines = out.read_text().splitlines()
    assert done.returncode in (0, 3)
    assert lines[0] == HEADER.strip().replace(",", ";") + ";prediction;model"
    assert all(line.split(";")[4] == "new" for line in lines[1:])
    assert len(lines) - 1 + done.stderr.decode().count("rejected") <= 21
    assert len({line.split(";")[-1] for line in lines[1:]}) == 1


def test_other_rows_or_columns_are_another_run_to_resume(flower_model: Path, table: Path, tmp_path: Path) -> None:
    base = ("score", flower_model, table, "-o", "out.csv", "--max-rejects", 0, "--resume", "--chunk-rows", 100)
    first = run_here(*base, cwd=tmp_path)
    assert first.returncode == 1

    for options, said in (
        (("--where", "kind == 'old'"), "expected --where nothing, got kind == 'old'"),
        (("--limit", 5), "expected --limit nothing, got 5"),
        (("--model-column", "model"), "expected --model-column nothing, got model"),
        (("--output-delimiter", ";"), "expected --output-delimiter nothing, got ;"),
    ):
        done = run_here(*base, *options, cwd=tmp_path)
        assert (done.returncode, said in done.stderr.decode()) == (1, True), done.stderr


def test_a_dry_run_shows_what_a_run_would_find(flower_model: Path, table: Path, tmp_path: Path) -> None:
    done = run_here("score", flower_model, table, "-o", "out.csv", "--keep", "kind", "--dry-run", cwd=tmp_path)

    out = done.stdout.decode()
    assert (done.returncode, done.stderr) == (3, b"")
    lines = [line.split() for line in out.splitlines()]
    assert ["sepal_length", "string", "sepal_length", "(float64)", "no"] in lines
    assert ["kind", "string", "yes"] in lines
    assert "first rows        1,000, 10 of them rejected" in out
    assert "all               1,000 rows, about " in out
    assert f'{table}  52    sepal_length  expected a number, got "wide"' in out
    assert max(map(len, out.splitlines())) > 80
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--keep", "knid"), "--keep: expected columns of the input"),
        (("--where", "knid == 1"), "--where: expected columns of the input"),
        (("--columns-as", "kind=petal"), "--columns-as: expected a feature of the model, got 'petal'"),
    ],
)
def test_a_dry_run_fails_as_the_run_would(
    flower_model: Path, table: Path, tmp_path: Path, options: tuple[str, str], said: str
) -> None:
    done = run_here("score", flower_model, table, "-o", "out.csv", *options, "--dry-run", cwd=tmp_path)

    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"foreseen: {said}")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-o", "none/out.csv"), "none/out.csv: cannot be written: No such file or directory"),
        (("-o", "there.csv"), "there.csv: expected a new file, got one that exists; --force replaces it"),
        (("-o", "out.csv", "--rejects", "none/r.csv"), "none/r.csv: cannot be written: No such file or directory"),
        (("-o", "out.csv", "--rejects", "there.csv"), "there.csv: expected a new file, got one that exists"),
        (("-o", "out.csv", "--rejects", "in.csv"), "in.csv: expected a rejects file"),
        (("-o", "out.csv", "--summary", "none/s.json"), "none/s.json: cannot be written: No such file or directory"),
        (
            ("-o", "out.csv", "--summary", "there.csv"),
            "there.csv: expected a new file or the summary of an earlier run",
        ),
        (("-o", "x" * 300), "x"),
        (("-o", "-", "--rejects", "there.csv"), "there.csv: expected a new file, got one that exists"),
        (("-o", "there.csv", "--rejects", "/dev/null"), "there.csv: expected a new file, got one that exists"),
        (("-o", "x" * 300, "--rejects", "/dev/null"), "x"),
    ],
)
def test_a_dry_run_finds_what_could_not_be_written(
    flower_model: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    (tmp_path / "in.csv").write_text(HEADER + "1,2,3,4,new\n")
    (tmp_path / "there.csv").write_text("kept\n")

    tried, run = (
        run_here("score", flower_model, "in.csv", *options, *more, cwd=tmp_path) for more in (["--dry-run"], [])
    )

    assert (tried.returncode, tried.stderr) == (run.returncode, run.stderr)
    assert tried.stderr.decode().startswith(f"foreseen: {said}")
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "there.csv"}


def test_a_dry_run_ignores_files_that_the_run_would_keep(flower_model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(HEADER + "1,2,3,4,new\n")
    (tmp_path / "out.csv.rejects.csv").write_text("kept\n")
    line = ("score", flower_model, "in.csv", "-o", "out.csv", "--rejects", "/dev/null")

    tried, run = (run_here(*line, *more, cwd=tmp_path) for more in (["--dry-run"], []))

    assert (tried.returncode, tried.stderr) == (run.returncode, run.stderr) == (0, b"")
    assert (tmp_path / "out.csv.rejects.csv").read_text() == "kept\n"


def test_a_dry_run_may_replace_what_the_run_would(flower_model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(HEADER + "1,2,3,4,new\n")
    (tmp_path / "out.csv").write_text("kept\n")

    done = run_here("score", flower_model, "in.csv", "-o", "out.csv", "--force", "--dry-run", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "out.csv").read_text() == "kept\n"


def test_a_dry_run_shows_the_notices_of_scored_rows(
    flower_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run, "ENOUGH_S", 1e9)  # so that more rows are scored than the first thousand
    (tmp_path / "in.csv").write_text(HEADER + ("NA,2,3,4,new\n" + "1,2,3,4,new\n" * 9) * 150)

    done = run_here(
        "score", flower_model, "in.csv", "-o", "out.csv", "--missing", "sepal_length", "--dry-run",
        cwd=tmp_path,
    )  # fmt: skip

    assert "column 'sepal_length': words read as a missing value (150, such as NA)" in done.stderr.decode()


def test_a_dry_run_of_a_pipe_estimates_no_duration(flower_model: Path, table: Path) -> None:
    done = run_here("score", flower_model, "-", "-o", "-", "--dry-run", stdin=table.read_bytes())

    assert done.returncode == 3
    assert "unknown until it is read" in done.stdout.decode()
