"""What runs on the machines of a cluster, run here one after the other: parts as one machine would write them."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from foreseen.domain.key import Fingerprint
from foreseen.domain.table_form import OutputColumns
from foreseen.entrypoints.ray.output import PartsFolder
from foreseen.entrypoints.ray.parts import Outcome, packed, unpacked
from foreseen.entrypoints.ray.tables import Tables
from foreseen.entrypoints.ray.worker import Plan, Scorer, read_parts
from foreseen.scoring import scoring_container
from foreseen.settings import Settings
from support.here import run_here
from support.models import iris_frame


def plan(model: Path, tables: Tables, folder: Path) -> Plan:
    settings = Settings(model=model, model_in="thread")
    container = scoring_container(settings, jobs=1)
    return Plan(
        settings=settings,
        tables=tables,
        schema=tables.schema(container),
        folder=folder,
        info=container.predictor().info,
        jobs=1,
        is_auto=True,
    )


def test_json_lines_of_several_files_are_parts_as_on_one_machine(
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
    with PartsFolder(Path("out.jsonl.gz"), None, force=False) as folder:
        sent = packed(plan(iris_model, tables, folder.folder))
        scorer = Scorer(unpacked(sent))
        parts = [packed(part) for source in (1, 0) for part in read_parts(unpacked(sent), source)]
        outcomes = [unpacked(packed(scorer(unpacked(part)))) for part in parts]
        scorer.close()
        assert all(isinstance(outcome, Outcome) for outcome in outcomes), outcomes
        folder.finish(scoring_container(Settings()), [one.place for one in outcomes], ending=tables.ending)

    assert sum(one.scored.rows for one in outcomes) == 151
    written = b"".join(part.read_bytes() for part in sorted(Path("out.jsonl.gz").iterdir()))
    assert gzip.decompress(written) == gzip.decompress(Path("alone.jsonl.gz").read_bytes())
    assert Path("out.jsonl.gz.rejects.csv").read_bytes() == Path("alone.jsonl.gz.rejects.csv").read_bytes()


def test_another_model_on_another_machine_is_told_for_every_part(
    iris_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    iris_frame()[0].to_csv("in.csv", index=False)
    told = plan(iris_model, Tables(str(tmp_path), ("in.csv",), "out"), tmp_path)
    (part,) = read_parts(told, 0)
    other = replace(told, info=replace(told.info, fingerprint=Fingerprint(b"\0" * 16)))

    error = Scorer(other)(part)

    assert str(error).startswith(f"{iris_model}: expected fingerprint {'0' * 32}, got ")
    assert not list(tmp_path.glob("part-*"))
