"""Unmodified clients of other projects, each in a process and an environment of its own: make test-clients."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clients.flowers import KINDS, ROWS


@pytest.mark.parametrize(
    ("environment", "script"),
    [
        ("tritonclient", "with_tritonclient_http.py"),
        ("tritonclient", "with_tritonclient_aio.py"),
        ("kserve", "with_kserve.py"),
        ("mlflow", "with_mlflow.py"),
    ],
    ids=lambda word: word.removesuffix(".py"),
)
def test_a_client_does_all_that_it_can(
    run_client: Callable[..., None], address: str, model_name: str, environment: str, script: str
) -> None:
    run_client(environment, "python", script, address, model_name)


@pytest.mark.parametrize("options", [(), ("--batch-size", "4"), ("--workers", "4"), ("--binary-data",)], ids=str)
def test_mlserver_infer_scores_a_file(
    run_client: Callable[..., None], address: str, model_name: str, tmp_path: Path, options: tuple[str, ...]
) -> None:
    lines = [tensors(*ROWS[at % 3]) for at in range(30)]
    asked, answered = tmp_path / "asked.jsonl", tmp_path / "answered.jsonl"
    asked.write_text("".join(json.dumps(line) + "\n" for line in lines))

    files = ("--input-data-path", asked, "--output-data-path", answered)
    run_client("mlserver", "mlserver", "infer", "--url", address, "--model-name", model_name, *files, *options)

    replies = [json.loads(line) for line in answered.read_text().splitlines()]
    by_index = {reply["parameters"]["batch_index"]: reply["outputs"][0]["data"] for reply in replies}
    assert [by_index[at] for at in range(30)] == [[KINDS[at % 3]] for at in range(30)]


def tensors(*row: float) -> dict[str, object]:
    """Return a request about one flower, in one matrix."""
    return {"inputs": [{"name": "input-0", "shape": [1, 4], "datatype": "FP64", "data": list(row)}]}
