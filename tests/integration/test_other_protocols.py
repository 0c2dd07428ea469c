"""The protocols of MLflow and KServe v1 at a real service, whose model is in a process of its own."""

import json
import signal
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from support.held_model import Holding, Holds
from support.models import iris_forest, save
from support.processes import served, wait_until, watched
from support.time_limits import COMMAND_S

PAGE = Path(__file__).parents[2] / "docs" / "protocols.md"
BINARY_LABELS = {"name": "predict", "parameters": {"binary_data": True}}
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]]


@pytest.mark.parametrize("isolation", ["process", "auto", "thread"])
def test_labels_are_those_of_the_model_wherever_it_runs(tmp_path: Path, isolation: str) -> None:
    with watched(save(iris_forest(), tmp_path), "--model-isolation", isolation) as running:
        assert running.post({"instances": ROWS}).json()["predictions"] == [{"prediction": "0"}, {"prediction": "2"}]
        for _ in range(2):
            reply = running.post({"instances": ROWS}, "/invocations")
            assert (reply.status_code, reply.content) == (200, b'{"predictions":[0,2]}')
            assert reply.headers["cache-status"] == "foreseen; hit; detail=L1"
            assert running.post({"inputs": ROWS}, "/v1/models/model:predict").content == b'{"outputs":[0,2]}'

        metrics = running.get("/metrics").text
    assert 'foreseen_requests_total{route="/predict",status="200"} 5.0' in metrics
    assert 'foreseen_predict_seconds_count{tier="L1"} 4.0' in metrics
    assert "Traceback" not in "".join(running.err)


def test_the_commands_of_the_page_answer_as_it_shows(tmp_path: Path) -> None:
    lines = iter(PAGE.read_text(encoding="utf-8").partition("```console\n")[2].partition("```")[0].splitlines())
    shown = {line.removeprefix("$ "): next(lines) for line in lines}
    with served(save(iris_forest(), tmp_path)) as running:
        for command, answer in shown.items():
            line = command.replace("http://127.0.0.1:8000", running.url).replace("curl ", "curl -s ")
            ran = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=COMMAND_S, check=True)
            assert ran.stdout == answer

    assert len(shown) == 4


def test_what_is_computed_while_the_service_stops_is_answered(tmp_path: Path) -> None:
    holds = Holds(tmp_path)
    line = (save(Holding(tmp_path), tmp_path), "--features", "number", "--rows-per-call", "0")
    with served(*line) as running, ThreadPoolExecutor(1) as pool:
        holds.hold(2.0)
        try:
            under_way = pool.submit(running.post, {"instances": [2.0]}, "/invocations")
            wait_until(lambda: holds.has_begun(2.0))
            running.process.send_signal(signal.SIGTERM)
            wait_until(lambda: any("shutting down" in line for line in running.err))
        finally:
            holds.let_go(2.0)
        reply = under_way.result()

    assert (reply.status_code, reply.json()) == (200, {"predictions": [4.0]})


@pytest.mark.parametrize("isolation", ["process", "thread"])
def test_tensors_share_the_answers_of_rows(tmp_path: Path, isolation: str) -> None:
    line = (save(iris_forest(), tmp_path), "--model-isolation", isolation, "--outputs", "predict,predict_proba")
    tensor = {"name": "x", "datatype": "FP64", "shape": [2, 4]}
    blob = struct.pack("<8d", *ROWS[0], *ROWS[1])
    head = json.dumps(
        {"inputs": [{**tensor, "parameters": {"binary_data_size": len(blob)}}], "outputs": [BINARY_LABELS]}
    ).encode()
    with watched(*line) as running:
        running.post({"instances": ROWS})
        in_json = running.post({"id": "1", "inputs": [{**tensor, "data": ROWS}]}, "/v2/models/model/infer")
        in_binary = httpx.post(
            f"{running.url}/v2/models/model/versions/1/infer",
            content=iter([head[:9], head[9:] + blob[:5], blob[5:]]),  # in chunks
            headers={"inference-header-content-length": str(len(head))},
        )
        lone = running.post({"inputs": [{**tensor, "shape": [1, 4], "data": ROWS[0]}]}, "/v2/models/model/infer")
        unknown = running.get("/v2/models/other/ready")
        metrics = running.get("/metrics").text

    assert [each.headers["cache-status"] for each in (in_json, in_binary, lone)] == ["foreseen; hit; detail=L1"] * 3
    labels, probabilities = in_json.json()["outputs"]
    assert labels == {"name": "predict", "datatype": "INT64", "shape": [2], "data": [0, 2]}
    assert (probabilities["shape"], in_json.json()["id"]) == ([2, 3], "1")
    assert lone.json()["outputs"][0]["data"] == [0]
    assert in_binary.content[int(in_binary.headers["inference-header-content-length"]) :] == struct.pack("<2q", 0, 2)
    assert unknown.json()["error"] == "Request for unknown model: 'other' is not found"
    assert 'foreseen_requests_total{route="/v2/models/{name}/ready",status="404"} 1.0' in metrics
    assert "Traceback" not in "".join(running.err)
