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
    ids=["tritonclient.http", "tritonclient.http.aio", "kserve", "mlflow"],
)
def test_a_client_does_all_that_it_can(
    run_client: Callable[..., None], flowers: str, environment: str, script: str
) -> None:
    run_client(environment, "python", script, flowers, "flowers")


def test_tritonclient_sends_texts_and_reads_several_outputs(run_client: Callable[..., None], colours: str) -> None:
    run_client("tritonclient", "python", "with_tritonclient_texts.py", colours, "colours")


@pytest.mark.parametrize(
    "options",
    [(), ("--batch-size", "4"), ("--workers", "4"), ("--binary-data",)],
    ids=["alone", "batches", "workers", "binary"],
)
def test_mlserver_infer_scores_a_file(
    run_client: Callable[..., None], flowers: str, tmp_path: Path, options: tuple[str, ...]
) -> None:
    lines = [tensors(*ROWS[at % 3]) for at in range(30)]
    requests, replies = tmp_path / "requests.jsonl", tmp_path / "replies.jsonl"
    requests.write_text("".join(json.dumps(line) + "\n" for line in lines))

    files = ("--input-data-path", requests, "--output-data-path", replies)
    run_client("mlserver", "mlserver", "infer", "--url", flowers, "--model-name", "flowers", *files, *options)

    read = [json.loads(line) for line in replies.read_text().splitlines()]
    by_index = {reply["parameters"]["batch_index"]: reply["outputs"][0]["data"] for reply in read}
    assert [by_index[at] for at in range(30)] == [[KINDS[at % 3]] for at in range(30)]


def tensors(*row: float) -> dict[str, object]:
    """Return a request about one flower, in one matrix."""
    return {"inputs": [{"name": "input-0", "shape": [1, 4], "datatype": "FP64", "data": list(row)}]}
