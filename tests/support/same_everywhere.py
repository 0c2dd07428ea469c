"""A model file as the command serves and scores it, in a process of its own, beside a direct call."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from support.processes import run, served


def answers_of(predictor: Predictor, rows: Sequence[dict[str, Any]]) -> list[Any]:
    """Return what a predictor answers to instances, as clients read it."""
    signature = predictor.info.signature
    batch = Batch.of(signature, {name: [row[name] for row in rows] for name in signature.names})
    return [json.loads(body) for body in predictor.predict(batch).encode().bodies]


def answers_of_http(path: Path, rows: Sequence[dict[str, Any]], *more: str) -> list[Any]:
    """Return what `foreseen serve` answers to all instances at once; it must answer the first alike."""
    with served(path, "--cache", "none", *more) as running:
        together: list[Any] = running.post({"instances": list(rows)}).json()["predictions"]
        alone: list[Any] = running.post({"instances": [rows[0]]}).json()["predictions"]
    assert alone == together[:1]
    return together


def answers_of_file(path: Path, rows: Sequence[dict[str, Any]], *more: str) -> list[Any]:
    """Return what `foreseen score` writes for a file of instances."""
    source, written = path.with_name("in.jsonl"), path.with_name("out.jsonl")
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ended = run("score", path, source, "--output", written, "--cache", "none", *more)
    assert ended.returncode == 0, ended.stderr.decode()
    return [{"prediction": json.loads(line)["prediction"]} for line in written.read_text().splitlines()]
