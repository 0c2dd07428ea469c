"""A folder means the files of rows in it, in the order of their names."""

from pathlib import Path

import pytest

from foreseen.adapters.tabular.sources.file_listing import listed_sources
from foreseen.domain.errors import TableError


def made(folder: Path, *names: str) -> None:
    """Make files of some bytes, or of none where the name ends so."""
    for name in names:
        path = folder / name.removesuffix(" (empty)")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("" if name.endswith("(empty)") else "a\n1\n")


def found(folder: Path, *sources: str) -> list[str]:
    """List what is meant, without the folder."""
    return [str(Path(path).relative_to(folder)) for path in listed_sources([str(folder / each) for each in sources])]


def test_a_folder_of_spark_is_its_parts(tmp_path: Path) -> None:
    made(tmp_path, "out/_SUCCESS (empty)", "out/part-00001.csv", "out/part-00000.csv", "out/part-00002.csv (empty)")
    made(tmp_path, "out/.part-00000.csv.crc", "out/._SUCCESS.crc", "out/_temporary/0/part-9.csv")

    assert found(tmp_path, "out") == ["out/part-00000.csv", "out/part-00001.csv"]


def test_a_shell_s_star_names_the_same_as_the_folder(tmp_path: Path) -> None:
    made(tmp_path, "out/_SUCCESS (empty)", "out/part-0.csv", "out/part-1.csv (empty)", "out/year=2026/part-0.csv")

    stars = sorted(str(path.relative_to(tmp_path)) for path in (tmp_path / "out").iterdir())

    assert found(tmp_path, *stars) == found(tmp_path, "out") == ["out/part-0.csv", "out/year=2026/part-0.csv"]


def test_folders_within_come_in_their_order(tmp_path: Path) -> None:
    made(tmp_path, "d/b=2/x.csv", "d/b=1/y.csv", "d/b=1/c=1/z.csv", "d/b=10/x.csv", "d/a.csv")

    assert found(tmp_path, "d") == ["d/a.csv", "d/b=1/c=1/z.csv", "d/b=1/y.csv", "d/b=10/x.csv", "d/b=2/x.csv"]


def test_a_file_named_alone_is_read_whatever_its_name(tmp_path: Path) -> None:
    made(tmp_path, "_SUCCESS", "part-0.csv (empty)", "day.csv (empty)", "a.csv")

    assert found(tmp_path, "_SUCCESS") == ["_SUCCESS"]
    assert found(tmp_path, "part-0.csv") == ["part-0.csv"]
    assert found(tmp_path, "a.csv", "day.csv") == ["a.csv", "day.csv"]


def test_a_file_that_is_meant_twice_is_read_once(tmp_path: Path) -> None:
    made(tmp_path, "d/a.csv", "d/b.csv")

    assert found(tmp_path, "d/b.csv", "d") == ["d/b.csv", "d/a.csv"]


def test_a_file_named_by_two_paths_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, "a.csv", "d/a.csv", "d/b.csv")
    (tmp_path / "e").symlink_to("d", target_is_directory=True)
    monkeypatch.chdir(tmp_path)

    assert listed_sources(["a.csv", "d/b.csv", "./a.csv", "d/../a.csv", str(tmp_path / "a.csv")]) == (
        "a.csv",
        "d/b.csv",
    )
    assert listed_sources(["d", "e/a.csv", "d//b.csv"]) == ("d/a.csv", "d/b.csv")


def test_a_file_in_several_partitions_is_read_for_each(tmp_path: Path) -> None:
    made(tmp_path, "day=1/a.csv")
    (tmp_path / "day=2").symlink_to("day=1", target_is_directory=True)

    assert found(tmp_path, "day=1", "day=2") == ["day=1/a.csv", "day=2/a.csv"]


@pytest.mark.parametrize("name", ["file:///a%00.csv", "file:///a%00/b.csv", "a\0.csv"])
def test_a_name_with_a_nul_is_rejected(name: str) -> None:
    with pytest.raises(TableError, match=r"a\\x00.*csv': expected the name of a file, got one with a NUL in it$"):
        listed_sources([name])


@pytest.mark.parametrize("names", [(), ("_SUCCESS (empty)",), ("part-0.csv (empty)", ".hidden")])
def test_a_folder_without_rows_is_rejected(names: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    made(tmp_path / "out", *names)

    with pytest.raises(TableError, match=r"out: expected a folder with files of rows, got one that holds none$"):
        listed_sources([str(tmp_path / "out")])


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        ("Delta", "_delta_log/0.json"),
        ("Iceberg", "metadata/v1.metadata.json"),
        ("Hudi", ".hoodie/x"),
        ("Lance", "_versions/1"),
    ],
)
def test_a_table_with_some_old_files_is_rejected(kind: str, file: str, tmp_path: Path) -> None:
    made(tmp_path, "t/part-0.parquet", "t/data/part-0.parquet", f"t/{file}")

    with pytest.raises(TableError, match=f"t: expected a folder whose files are all of its rows, got a {kind} table"):
        listed_sources([str(tmp_path / "t")])


def test_an_output_among_the_inputs_is_rejected(tmp_path: Path) -> None:
    made(tmp_path, "d/a.csv")

    with pytest.raises(TableError, match=r"out.csv: expected an output outside of the folder that is read"):
        listed_sources([str(tmp_path / "d")], output=str(tmp_path / "d" / "out.csv"))
    assert listed_sources([str(tmp_path / "d")], output="-")


def test_linked_folders_are_read_once_each(tmp_path: Path) -> None:
    made(tmp_path, "away/part-0.csv", "in/b/part-1.csv", "in/.kept/part-2.csv")
    for name, target in (("a", "b"), ("c", "../away"), ("d", "../away"), ("e", ".kept"), ("b/loop", ".."), (".f", "b")):
        (tmp_path / "in" / name).symlink_to(target, target_is_directory=True)

    assert found(tmp_path, "in") == ["in/b/part-1.csv", "in/c/part-0.csv", "in/e/part-2.csv"]
