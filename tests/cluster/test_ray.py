"""`foreseen score --engine ray` on a real Ray of two workers: what one machine writes, written by several processes."""

import csv
import json
import signal
import socket
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from foreseen.entrypoints.ray.driver.lean_node import start_no_helpers
from support.listening_addresses import descendants, listening_beyond_loopback
from support.models import IRIS_NAMES, iris_frame, mixed_pipeline, save
from support.processes import command, environment, run, wait_until

from .conftest import ENDED_S, Cluster

pytestmark = pytest.mark.timeout(2 * ENDED_S)


def joined(folder: Path) -> bytes:
    """Put the parts of a folder together, with one header."""
    header, rows = b"", b""
    for part in sorted(folder.iterdir()):
        first, _, rest = part.read_bytes().partition(b"\n")
        header, rows = first, rows + rest
    return header + b"\n" + rows


def flowers(path: Path, count: int, *, seed: int = 0) -> Path:
    """Write flowers like iris, all different, of which some cannot be read."""
    frame, _ = iris_frame()
    generator = np.random.default_rng(seed)
    table = frame.iloc[generator.integers(0, len(frame), count)].reset_index(drop=True)
    table = (table + generator.normal(0, 0.05, table.shape)).round(6).astype(str)
    table.insert(0, "id", [f"flower {number}" for number in range(count)])
    table.loc[[5, count // 2, count - 1], "petal_width"] = "wide"
    table[["id", *reversed(IRIS_NAMES)]].to_csv(path, index=False)
    return path


def test_a_run_that_starts_ray_writes_what_one_machine_writes(iris_model: Path, tmp_path: Path) -> None:
    source = flowers(tmp_path / "in.csv", 300_000)
    alone, out = tmp_path / "alone.csv", tmp_path / "out.csv"

    on_one = run("score", iris_model, source, "-o", alone, "--outputs", "predict,predict_proba")
    line = command("score", iris_model, source, "-o", out, "--outputs", "predict,predict_proba", "--engine", "ray")
    done = subprocess.run(line, capture_output=True, env=environment(), timeout=ENDED_S, check=False)

    assert (on_one.returncode, done.returncode, done.stdout) == (3, 3, b"")
    assert done.stderr.decode() == f"foreseen: rejected 3 rows, see {out}.rejects.csv\n"
    names = sorted(part.name for part in out.iterdir())
    assert names == [f"part-00000-{part:05}.csv" for part in range(len(names))]
    assert len(names) > 1
    assert joined(out) == alone.read_bytes()
    assert Path(f"{out}.rejects.csv").read_bytes() == Path(f"{alone}.rejects.csv").read_bytes()
    assert not out.with_name("out.csv.partial").exists()


def test_a_ray_of_our_own_listens_on_loopback_only(cluster: Cluster) -> None:
    assert listening_beyond_loopback(descendants(cluster.pid)) == []


def test_a_ray_started_elsewhere_has_the_names_that_we_know() -> None:
    assert start_no_helpers() == ["start_monitor", "start_api_server", "start_log_monitor"]


def test_a_server_other_than_ray_is_rejected_in_one_line(iris_model: Path, tmp_path: Path) -> None:
    source = flowers(tmp_path / "in.csv", 10)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = "127.0.0.1:{1}".format(*silent.getsockname())
        line = command("score", iris_model, source, "-o", tmp_path / "out", "--engine", "ray", "--ray-address", address)
        done = subprocess.run(line, capture_output=True, env=environment(), timeout=ENDED_S, check=False)

    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (1, b"", 1), done.stderr
    assert f"foreseen: --ray-address {address}: expected a Ray cluster: " in done.stderr.decode()


def test_rows_that_the_model_rejects_are_as_on_one_machine(cluster: Cluster, tmp_path: Path) -> None:
    model = save(mixed_pipeline(), tmp_path)
    (tmp_path / "in.csv").write_text(
        'colour,weight,height\nred,1,1\nmauve,2,2\nblue,x,3\n"gr\neen",,4\ngreen,,5\nred,1\n'
    )

    on_one = run("score", model, "in.csv", "-o", "alone.csv", cwd=tmp_path)
    done = cluster.score(model, "in.csv", "-o", "out.csv", "--cache", "none", cwd=tmp_path)

    assert (on_one.returncode, done.returncode) == (3, 3)
    assert joined(tmp_path / "out.csv") == (tmp_path / "alone.csv").read_bytes()
    assert (tmp_path / "out.csv.rejects.csv").read_bytes() == (tmp_path / "alone.csv.rejects.csv").read_bytes()


MADE = """
import helper

FACTORS = helper.FACTORS

class Made:
    def predict(self, rows):
        return rows[:, 0] * FACTORS[0]

def scaled(rows):
    return rows[:, 0] * FACTORS[1]
"""


@pytest.mark.parametrize("reference", ["made:Made", "made.py:scaled"])
def test_a_model_that_code_makes_is_made_by_every_process(cluster: Cluster, reference: str, tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text(MADE)
    (tmp_path / "helper.py").write_text("FACTORS = 2, 3\n")
    for name in ("made.py", "helper.py"):
        (tmp_path / name).chmod(0o600)
    sources = [tmp_path / f"{number}.csv" for number in range(2)]
    for number, source in enumerate(sources):
        source.write_text("x0\n" + "".join(f"{number}.{place}\n" for place in range(1, 500)))

    alone = run("score", reference, *sources, "-o", "alone.csv", "--features", "x0", cwd=tmp_path)
    done = cluster.score(reference, *sources, "-o", "out", "--features", "x0", cwd=tmp_path)

    assert (alone.returncode, done.returncode, done.stderr) == (0, 0, alone.stderr)
    assert joined(tmp_path / "out") == (tmp_path / "alone.csv").read_bytes()


def test_several_inputs_are_scored_by_several_processes_in_their_order(
    cluster: Cluster, own: Path, tmp_path: Path
) -> None:
    sources = []
    for number in range(6):
        sources.append(tmp_path / f"day-{number}.csv")
        columns = "x0,note\n{0},a\nbad,b\n{0}.5,c\n" if number % 2 else "note,x0\na,{0}\nb,bad\nc,{0}.5\n"
        sources[-1].write_text(columns.format(1000 + number))

    flags = ["--features", "x0", "--cache", "none"]
    done = cluster.score(own / "Meeting.joblib", *sources, "-o", tmp_path / "out", *flags, cwd=own)

    assert (done.returncode, done.stderr.decode()) == (
        3,
        f"foreseen: rejected 6 rows, see {tmp_path}/out.rejects.csv\n",
    )
    assert len(list(own.glob("met-*"))) == 2
    rows = joined(tmp_path / "out").decode().splitlines()
    assert rows[0] == "note,x0,prediction"
    assert rows[1:] == [row for n in range(1000, 1006) for row in (f"a,{n},{float(n)}", f"c,{n}.5,{n}.5")]
    with (tmp_path / "out.rejects.csv").open(newline="") as file:
        assert [(row["file"], row["line"]) for row in csv.DictReader(file)] == [(str(path), "3") for path in sources]


def test_the_next_run_finds_what_this_one_stored_in_redis(
    cluster: Cluster, own: Path, tmp_path: Path, redis_url: str
) -> None:
    sources = []
    for number in range(4):
        sources.append(tmp_path / f"{number}.csv")
        sources[-1].write_text("x0\n" + "".join(f"100{number}.{row:03}\n" for row in range(500)))
    patient = ["--redis-timeout", "10s"]
    flags = ["--features", "x0", "--cache", "tiered", "--redis-url", redis_url, *patient]

    first = cluster.score(own / "Counting.joblib", *sources, "-o", tmp_path / "first", *flags, cwd=own)
    asked = (own / "asked.txt").read_text()
    into_summary = ["--summary", tmp_path / "summary.json"]
    second = cluster.score(
        own / "Counting.joblib", *sources[::-1], "-o", tmp_path / "second", *flags, *into_summary, cwd=own
    )

    assert (first.returncode, second.returncode, second.stderr) == (0, 0, b"")
    assert sum(map(int, asked.split())) == 2000
    assert (own / "asked.txt").read_text() == asked
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert (summary["rows"], summary["rejected"], summary["model_rows"]) == (2000, 0, 0)
    assert summary["hits"] == {"L1": 0, "L2": 2000}
    assert sorted(joined(tmp_path / "first").split()) == sorted(joined(tmp_path / "second").split())


def test_parquet_is_read_and_written_as_on_one_machine(
    cluster: Cluster, iris_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frame, _ = iris_frame()
    frame.insert(0, "id", range(len(frame)))
    frame.iloc[:100].to_parquet("a.parquet")
    frame.iloc[100:].assign(petal_width=np.nan)[list(frame)[::-1]].to_parquet("b.parquet")
    flags = ["--keep", "id", "--prediction-column", "kind", "--outputs", "predict,predict_proba"]

    on_one = run("score", iris_model, "a.parquet", "b.parquet", "-o", "alone.parquet", *flags)
    done = cluster.score(iris_model, "a.parquet", "b.parquet", "-o", "out.parquet", *flags)

    assert (done.returncode, done.stderr) == (on_one.returncode, on_one.stderr.replace(b"alone", b"out"))
    assert done.returncode == 3
    parts = [pq.read_table(part) for part in sorted(Path("out.parquet").iterdir())]
    assert pa.concat_tables(parts).equals(pq.read_table("alone.parquet"))
    assert Path("out.parquet.rejects.csv").read_bytes() == Path("alone.parquet.rejects.csv").read_bytes()


@pytest.mark.parametrize(
    ("model", "said"), [("Failing", "no such luck"), ("Deadly", "the model's process ended with ")]
)
def test_rows_that_the_model_fails_on_are_rejects(
    cluster: Cluster, own: Path, tmp_path: Path, model: str, said: str
) -> None:
    (tmp_path / "in.csv").write_text("x0\n1001\n1002\n")
    line = (own / f"{model}.joblib", tmp_path / "in.csv", "-o", tmp_path / "out", "--features", "x0", "--cache", "none")

    stopped = cluster.score(*line, "--on-error", "stop", cwd=own)
    done = cluster.score(*line, "--force", cwd=own)

    assert (stopped.returncode, stopped.stdout, stopped.stderr.count(b"\n")) == (1, b"", 1), stopped.stderr
    assert "in.csv, line 2: " in stopped.stderr.decode()
    assert said in stopped.stderr.decode()
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (3, b"", 1), done.stderr
    assert (tmp_path / "out.rejects.csv").read_text().count(said) == 2


def test_an_unreadable_input_ends_the_run_as_on_one_machine(cluster: Cluster, iris_model: Path, tmp_path: Path) -> None:
    source = flowers(tmp_path / "in.csv", 100_000)
    with source.open("ab") as file:
        file.write(b"a,1,1,1,\xff\n")

    on_one = run("score", iris_model, source, "-o", tmp_path / "alone.csv")
    done = cluster.score(iris_model, source, "-o", tmp_path / "out.csv")

    assert on_one.returncode == 1
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", on_one.stderr)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_rows_of_a_killed_process_are_scored_once_by_another(cluster: Cluster, own: Path, tmp_path: Path) -> None:
    sources = [tmp_path / f"{number}.csv" for number in range(3)]
    for number, source in enumerate(sources):
        source.write_text("x0\n" + "".join(f"100{number}.{row:03}\n" for row in range(100)) + "bad\n")

    flags = ["--features", "x0", "--cache", "none"]
    done = cluster.score(own / "Mortal.joblib", *sources, "-o", tmp_path / "out", *flags, cwd=own)

    assert (own / "died.txt").exists()
    assert (done.returncode, done.stderr.decode()) == (
        3,
        f"foreseen: rejected 3 rows, see {tmp_path}/out.rejects.csv\n",
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"part-0000{n}-00000.csv" for n in range(3)]
    written = [tuple(map(float, row.split(","))) for row in joined(tmp_path / "out").decode().splitlines()[1:]]
    assert written == [(x, 2 * x) for n in range(3) for row in range(100) for x in [float(f"100{n}.{row:03}")]]


def test_a_resumed_run_scores_no_finished_part_again(cluster: Cluster, own: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.csv").write_text(f"x0\n{number}001\nbad\n{number}002\n")
    args = [own / "Waiting.joblib", tmp_path / "1.csv", tmp_path / "2.csv", "-o", tmp_path / "out"]
    args += ["--features", "x0", "--cache", "none", "--resume"]
    line = command("score", *args, "--engine", "ray", "--ray-address", cluster.address)
    journal = tmp_path / "out.partial" / "journal"
    with subprocess.Popen(line, stderr=subprocess.PIPE, env=environment(cluster.env), cwd=own) as process:
        wait_until((own / "waits.txt").exists, seconds=ENDED_S)
        wait_until(lambda: journal.read_bytes().count(b"\n") == 2, seconds=ENDED_S)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 143
    assert said == b"foreseen: interrupted; 3 rows are done, and the same command with --resume continues\n"
    assert not (tmp_path / "out").exists()

    (own / "go.txt").touch()
    asked = (own / "asked.txt").read_text()
    summary = tmp_path / "summary.json"
    done = cluster.score(*args, "--summary", summary, cwd=own)

    assert (done.returncode, done.stderr) == (
        3,
        b"foreseen: rejected 2 rows, see %b.rejects.csv\n" % bytes(tmp_path / "out"),
    )
    assert sum(map(int, (own / "asked.txt").read_text().removeprefix(asked).split())) == 2
    assert joined(tmp_path / "out") == b"x0,prediction\n1001,2002.0\n1002,2004.0\n2001,4002.0\n2002,4004.0\n"
    assert (tmp_path / "out.rejects.csv").read_text().count("\n") == 3
    shown = json.loads(summary.read_text())
    assert (shown["rows"], shown["rows_before"], shown["rejected"], shown["model_rows"]) == (4, 2, 2, 2)
    assert not journal.parent.exists()


def test_a_run_resumed_with_another_input_is_rejected(cluster: Cluster, own: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("x0\n1001\n" + "bad\n" * 2)
    args = [own / "Counting.joblib", source, "-o", tmp_path / "out", "--features", "x0", "--cache", "none"]
    stopped = cluster.score(*args, "--max-rejects", 1, cwd=own)
    assert (stopped.returncode, "--resume continues" in stopped.stderr.decode()) == (1, True)

    source.write_text("x0\n1001\n" + "sad\n" * 2)
    rejected = cluster.score(*args, "--resume", cwd=own)

    assert (rejected.returncode, rejected.stderr.count(b"\n")) == (1, 1)
    assert "got other content" in rejected.stderr.decode()
    assert cluster.score(*args, "--resume", "--force", cwd=own).returncode == 3
