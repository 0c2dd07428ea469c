"""The files of a run on a cluster."""

import sys
from pathlib import Path

import pyarrow as pa
import pytest

from foreseen.adapters.tabular.columns.chunk_rows import record_batch_of
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table_format import TableForm
from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.ray.parts.cluster_tables import Tables
from foreseen.entrypoints.ray.parts.part_sink import PartFolders
from foreseen.entrypoints.ray.parts.part_worker import Plan, read_parts
from foreseen.settings import Settings
from foreseen.wiring.run_tables import RunTables
from support.fakes import info_of

SIGNATURE = Signature((Feature("x"),))


def tables(folder: Path, *sources: str, output: str = "out") -> Tables:
    return Tables(str(folder), sources, output)


@pytest.mark.parametrize(
    ("output", "ending"),
    [
        ("out", ".csv"),
        ("out.parquet", ".parquet"),
        ("out.csv.gz", ".csv.gz"),
        ("a.b/out.jsonl", ".jsonl"),
        ("of.2026", ".csv"),
    ],
)
def test_parts_end_as_the_output_does(tmp_path: Path, output: str, ending: str) -> None:
    assert tables(tmp_path, output=output).ending == ending


def test_parts_end_in_the_requested_format(tmp_path: Path) -> None:
    assert Tables(str(tmp_path), (), "out", written=TableForm("parquet")).ending == ".parquet"


def test_an_input_has_the_columns_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("x,id\n1,a\n2,b\n")
    Path("b.csv").write_text("id,x\nc,3\n")
    both, run_tables = tables(tmp_path, "a.csv", "b.csv"), RunTables(info_of(SIGNATURE))

    assert both.schema(run_tables).names == ["x", "id"]
    for source, rows in enumerate(([["1", "a"], ["2", "b"]], [["3", "c"]])):
        with both.opened(run_tables, source) as reader:
            found = [list(row.values()) for chunk in reader for row in record_batch_of(chunk).to_pylist()]
            assert (reader.columns, found) == (("x", "id"), rows)


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        (".", "in.csv: expected a file of rows, got no such file"),
        ("gone", "gone: expected this folder, in which the run was started"),
    ],
)
def test_a_missing_input_elsewhere_is_reported_as_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = Plan(
        settings=Settings(),
        tables=tables(tmp_path / folder, "in.csv"),
        schema=pa.schema([]),
        folders=PartFolders(tmp_path, tmp_path, ".csv"),
        info=info_of(SIGNATURE),
        is_auto=False,
    )

    (error,) = read_parts(plan, 0)

    assert isinstance(error, TableError)
    assert said in str(error)


def test_a_machine_searches_the_run_folder_for_modules_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), "/installed"])  # as Ray has it
    tables(tmp_path).enter()
    assert sys.path == ["/installed"]

    sys.path.append(str(tmp_path))  # as what loads the model has it
    tables(tmp_path).enter()
    assert sys.path == ["/installed", str(tmp_path)]
