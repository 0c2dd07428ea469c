"""What runs on the machines of a cluster, run here one after the other: parts as one machine would write them."""

import gzip
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from foreseen.domain.identity.key import Fingerprint
from foreseen.domain.tables.table_format import OutputColumns
from foreseen.entrypoints.ray.driver.packing import packed, unpacked
from foreseen.entrypoints.ray.parts.cluster_tables import Tables
from foreseen.entrypoints.ray.parts.part_sink import PartFolders
from foreseen.entrypoints.ray.parts.part_worker import Plan, Scorer, read_parts
from foreseen.entrypoints.ray.parts.parts import Outcome, Part
from foreseen.settings import Settings
from foreseen.wiring.predictors import load_for_files
from foreseen.wiring.run_tables import RunTables
from support.command_in_process import run_here
from support.models import iris_frame


def plan(model: Path, tables: Tables, parts: Path, rejects: Path) -> Plan:
    settings = Settings(model=model, model_isolation="thread")
    info = load_for_files(settings, jobs=1).info
    return Plan(
        settings=settings,
        tables=tables,
        schema=tables.schema(RunTables(info)),
        folders=PartFolders(parts, rejects, tables.ending),
        info=info,
        is_auto=True,
    )


def test_json_lines_are_divided_as_on_one_machine(
    iris_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frame, _ = iris_frame()
    lines = frame.assign(note="é").to_json(orient="records", lines=True, force_ascii=False).splitlines(keepends=True)
    Path("a.jsonl").write_text("".join(lines[:90]) + '{"petal_width": 1}\n')
    # Fields in another order, and one that the first file does not have and that is not kept.
    other = [line.replace("{", '{"note":1,', 1).replace(',"note":"é"', "") for line in lines[90:]]
    Path("b.jsonl").write_text("".join(other) + lines[0].replace("{", '{"new":1,', 1))
    alone = run_here("score", iris_model, "a.jsonl", "b.jsonl", "-o", "alone.jsonl.gz", "--keep", "note")
    assert alone.returncode == 3, alone.stderr

    tables = Tables(str(tmp_path), ("a.jsonl", "b.jsonl"), "out.jsonl.gz", columns=OutputColumns(keep=("note",)))
    folder = Path("parts")
    folder.mkdir()
    sent = packed(plan(iris_model, tables, folder, folder))
    scorer = Scorer(unpacked(sent))
    parts = [packed(part) for source in (1, 0) for part in read_parts(unpacked(sent), source)]
    outcomes = [unpacked(packed(scorer(unpacked(part)))) for part in parts]
    scorer.close()
    assert all(isinstance(outcome, Outcome) for outcome in outcomes), outcomes

    assert sum(one.done.scored.rows for one in outcomes) == 151
    assert [one.done.is_last for one in outcomes] == [True, True]
    written = b"".join(part.read_bytes() for part in sorted(folder.glob("part-*")))
    assert gzip.decompress(written) == gzip.decompress(Path("alone.jsonl.gz").read_bytes())
    rejects = b"".join(path.read_bytes() for path in sorted(folder.glob("rejects-*")))
    _, _, expected = Path("alone.jsonl.gz.rejects.csv").read_bytes().partition(b"\n")
    assert rejects == expected


def test_finished_parts_are_not_read_again(iris_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("foreseen.entrypoints.ray.parts.parts.PART_ROWS", 1)
    pd.concat([iris_frame()[0]] * 500).to_csv("in.csv", index=False)
    planned = plan(iris_model, Tables(str(tmp_path), ("in.csv",), "out"), tmp_path, tmp_path)
    places = [part.place for part in read_parts(planned, 0) if isinstance(part, Part)]

    assert len(places) > 1
    left = list(read_parts(replace(planned, done=frozenset(places[:-1])), 0))

    assert [part.place for part in left if isinstance(part, Part)] == places[-1:]


def test_another_model_on_another_machine_fails_every_part(
    iris_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    iris_frame()[0].to_csv("in.csv", index=False)
    planned = plan(iris_model, Tables(str(tmp_path), ("in.csv",), "out"), tmp_path, tmp_path)
    (part,) = read_parts(planned, 0)
    other = replace(planned, info=replace(planned.info, fingerprint=Fingerprint(b"\0" * 16)))

    error = Scorer(other)(part)

    assert str(error).startswith(f"{iris_model}: expected fingerprint {'0' * 32}, got ")
    assert not list(tmp_path.glob("part-*"))
