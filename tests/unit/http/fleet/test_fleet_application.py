"""Several models in one service: which of them answers a request, and what is said about all of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from foreseen.domain.counters import LINES_DROPPED, Tally
from foreseen.entrypoints.http.fleet import fleet_application
from foreseen.settings import Settings
from support.in_process_fleet import adders, serving
from support.models import save
from support.own_models import Labeller

TABLE = '[models.wine]\nversions = "all"\naliases = {champion = 9, challenger = 10}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return adders(tmp_path / "models", {"iris.joblib": 100, "wine/9.joblib": 900, "wine/10.joblib": 1000})


async def answered(client: httpx.AsyncClient, path: str, a: float = 1) -> float:
    reply = await client.get(path, params={"a": a})
    assert reply.status_code == 200, reply.text
    return float(reply.json()["prediction"])


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/models/iris/predict", 101),
        ("/models/iris/versions/1/predict", 101),
        ("/models/wine/predict", 1001),
        ("/models/wine/versions/9/predict", 901),
        ("/models/wine/versions/10/predict", 1001),
        ("/models/wine/versions/champion/predict", 901),
        ("/models/wine/versions/challenger/predict", 1001),
    ],
)
async def test_a_path_names_the_model_and_the_version(folder: Path, path: str, answer: float) -> None:
    async with serving(folder, TABLE) as client:
        assert [await answered(client, path), await answered(client, path)] == [answer, answer]
        posted = await client.post(path, json={"instances": [[1], [2]]})
        assert [each["prediction"] for each in posted.json()["predictions"]] == [answer, answer + 1]


async def test_other_protocols_name_the_model_too(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        predicted = [
            (await client.post(f"/v1/models/{path}:predict", json={"instances": [[1]]})).json()["predictions"]
            for path in ("iris", "wine", "wine/versions/9", "wine/labels/champion")
        ]
        invoked = (await client.post("/models/wine/versions/9/invocations", json={"inputs": [[1]]})).json()
        known = (await client.get("/v1/models/wine")).json()
        names = (await client.get("/v1/models")).json()

    assert predicted == [[101], [1001], [901], [901]]
    assert invoked == {"predictions": [901]}
    assert (known["name"], known["ready"], names) == ("wine", True, {"models": ["iris", "wine"]})


async def test_the_open_inference_protocol_knows_all_models(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        server = (await client.get("/v2")).json()
        health = [(await client.get(f"/v2/health/{which}")).json() for which in ("live", "ready")]
        names = (await client.get("/v2/models")).json()
        index = (await client.post("/v2/repository/index", json={})).json()
        unknown = [await client.get(f"/v2/models/{path}") for path in ("nope", "wine/versions/8", "nope/ready")]

    assert (server["name"], health) == ("foreseen", [{"live": True}, {"live": True, "ready": True}])
    assert names == {"models": ["iris", "wine"]}
    assert [(each["name"], each["version"], each["state"]) for each in index] == [
        ("iris", "1", "READY"),
        ("wine", "9", "READY"),
        ("wine", "10", "READY"),
    ]
    assert [(reply.status_code, reply.json()["error"]) for reply in unknown] == [
        (404, "Request for unknown model: 'nope' is not found"),
        (404, "Request for unknown model: 'wine' version '8' is not found"),
        (404, "Request for unknown model: 'nope' is not found"),
    ]


@pytest.mark.parametrize(("path", "answer"), [("iris", 101), ("wine", 1001), ("wine/versions/champion", 901)])
async def test_the_open_inference_protocol_names_the_model(folder: Path, path: str, answer: float) -> None:
    sent = {"inputs": [{"name": "a", "shape": [1, 1], "datatype": "FP64", "data": [1]}]}
    async with serving(folder, TABLE) as client:
        replies = [await client.post(f"/v2/models/{path}/infer", json=sent) for _ in range(2)]
        ready = await client.get(f"/v2/models/{path}/ready")

    assert [reply.json()["outputs"][0]["data"] for reply in replies] == [[answer], [answer]]
    assert (replies[0].json()["model_name"], ready.status_code) == (path.partition("/")[0], 200)


async def test_paths_without_a_name_mean_the_default_model(folder: Path) -> None:
    async with serving(folder, f'default_model = "wine"\n{TABLE}') as client:
        assert await answered(client, "/predict") == 1001
        assert (await client.get("/model")).json()["name"] == "wine"
        assert (await client.post("/invocations", json={"inputs": [[1]]})).json() == {"predictions": [1001]}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/predict", "since there is no default_model; the models are /models/iris, /models/wine"),
        ("/model", "since there is no default_model; the models are /models/iris, /models/wine"),
        ("/models/beer/predict", "expected the name of a model, got beer; the models are /models/iris, /models/wine"),
        ("/models/beer", "expected the name of a model, got beer; the models are /models/iris, /models/wine"),
        ("/models/wine/versions/8/predict", "expected a version of wine: 9, 10, champion, challenger; got 8"),
        ("/models/wine/versions/8", "expected a version of wine: 9, 10, champion, challenger; got 8"),
        ("/models/wine/score", "expected a path such as /models/wine/predict"),
        ("/v1/models/beer", "Model with name beer does not exist; the models are /models/iris, /models/wine"),
    ],
)
async def test_an_unknown_model_is_a_problem_with_the_list(folder: Path, path: str, said: str) -> None:
    async with serving(folder, TABLE) as client:
        for method in ("GET", "POST"):
            reply = await client.request(method, path)
            if reply.status_code == 405:
                continue
            assert (reply.status_code, reply.json()["type"]) == (404, "urn:foreseen:problem:http")
            assert said in reply.json()["detail"]


async def test_the_list_tells_versions_aliases_and_states(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        listed = (await client.get("/models")).json()
        wine = (await client.get("/models/wine")).json()
        nine = (await client.get("/models/wine/versions/champion")).json()
        fingerprint = (await client.get("/models/wine/versions/9/model")).json()["fingerprint"]

    assert ([each["name"] for each in listed["models"]], listed["default_model"]) == (["iris", "wine"], None)
    assert listed["models"][1] == wine
    assert (wine["default"], wine["aliases"]) == ("10", {"champion": "9", "challenger": "10"})
    assert nine == {
        "version": "9",
        "state": "ready",
        "reason": "",
        "aliases": ["champion"],
        "fingerprint": fingerprint,
        "url": "http://localhost/models/wine/versions/9",
    }


async def test_equal_files_under_two_names_never_share_an_answer(tmp_path: Path) -> None:
    """Nor do equal rows of different models: each has hits of its own alone."""
    folder = adders(
        tmp_path / "models", {"a.joblib": 1, "b.joblib": 1, "c/1.joblib": 1, "c/2.joblib": 1, "d.joblib": 2}
    )
    async with serving(folder, '[models.c]\nversions = "all"') as client:
        paths = ["a", "b", "c/versions/1", "c/versions/2", "d"]
        first = [await client.get(f"/models/{path}/predict", params={"a": 1}) for path in paths]
        again = [await client.get(f"/models/{path}/predict", params={"a": 1}) for path in paths]

    assert [each.json()["prediction"] for each in first] == [2, 2, 2, 2, 3]
    assert all("hit" not in each.headers["cache-status"] for each in first)
    assert all("hit; detail=L1" in each.headers["cache-status"] for each in again)


async def test_metrics_have_labels_where_several_are_served(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        for path in ("iris", "wine/versions/9", "wine/versions/9"):
            await answered(client, f"/models/{path}/predict")
        await client.get("/nothing")
        text = (await client.get("/metrics")).text

    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert 'foreseen_misses_total{model="iris",version="1"} 1.0' in lines
    assert 'foreseen_misses_total{model="wine",version="9"} 1.0' in lines
    assert 'foreseen_misses_total{model="wine",version="10"} 0.0' in lines
    assert 'foreseen_hits_total{model="wine",tier="L1",version="9"} 1.0' in lines
    assert 'foreseen_rejected_requests_total{model="",status="404",type="http",version=""} 1.0' in lines
    assert [line.count('model_version="') for line in lines if line.startswith("foreseen_build_info")] == [1, 1, 1]
    assert len([line for line in lines if line.startswith("foreseen_processes")]) == 1
    assert text.count("# TYPE foreseen_misses_total ") == 1


async def test_metrics_of_a_single_version_have_no_labels(tmp_path: Path) -> None:
    folder = adders(tmp_path / "models", {"iris/3.joblib": 1})
    async with serving(folder, "[models.iris]") as client:
        await answered(client, "/predict")
        lines = (await client.get("/metrics")).text.splitlines()

    assert "foreseen_misses_total 1.0" in lines
    assert not [line for line in lines if "version=" in line and "build_info" not in line]


async def test_the_service_is_ready_with_all_of_its_models(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        assert (await client.get("/readyz")).json() == {"status": "ready", "unready": []}
        assert (await client.get("/models/wine/versions/9/readyz")).json()["status"] == "ready"
        assert [(await client.get(path)).status_code for path in ("/livez", "/ping", "/health")] == [200, 200, 200]


async def test_one_document_has_the_paths_of_all_models(folder: Path) -> None:
    async with serving(folder, f'default_model = "iris"\n{TABLE}') as client:
        document = (await client.get("/openapi.json")).json()
        pages = [
            (await client.get(path, headers={"accept": "text/html"})).status_code for path in ("/docs", "/redoc", "/")
        ]
        start = (await client.get("/")).json()

    assert {"/predict", "/models", "/models/iris/predict", "/models/wine/predict"} <= document["paths"].keys()
    assert {"iris.Instance", "wine.Instance", "Problem"} <= document["components"]["schemas"].keys()
    assert "Instance" not in document["components"]["schemas"]
    assert (pages, start["models"]) == ([200, 200, 200], ["iris", "wine"])
    assert "/models/wine/predict?a=" in start["examples"]["wine"]


@pytest.mark.parametrize(
    "after",
    [
        'features = ["a"]\noutputs = "predict_proba"',
        'features = ["b"]',
        'path = "models/other.joblib"\nfeatures = ["c"]',
    ],
    ids=["outputs", "features", "path"],
)
async def test_the_document_follows_the_tables_though_the_files_are_the_same(tmp_path: Path, after: str) -> None:
    folder = adders(tmp_path / "models", {"iris.joblib": 100})
    for name in ("yes.joblib", "other.joblib"):
        save(Labeller(), folder, name)
    others = '[models.other]\nfeatures = ["a"]\n[models.yes]\n'
    async with serving(folder, f'{others}features = ["a"]') as client:
        before = (await client.get("/openapi.json")).json()
        (tmp_path / "foreseen.toml").write_text(others + after.replace("models/", f"{folder}/"))
        assert (await client.post("/admin/reload")).status_code == 200
        now = (await client.get("/openapi.json")).json()

    assert now["paths"]["/models/iris/predict"] == before["paths"]["/models/iris/predict"]
    changed = {
        name
        for name, schema in now["components"]["schemas"].items()
        if schema != before["components"]["schemas"].get(name)
    }
    assert changed
    assert all(name.startswith("yes.") for name in changed)


@asynccontextmanager
async def drops_two_lines(_: Settings, tally: Tally) -> AsyncIterator[None]:
    """Count as an access log does whose reader is too slow."""
    tally.counts[LINES_DROPPED] += 2
    yield


async def test_dropped_lines_of_the_access_log_are_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_application, "open_access_log", drops_two_lines)
    async with serving(folder, TABLE) as client:
        lines = (await client.get("/metrics")).text.splitlines()

    dropped = [line for line in lines if line.startswith("foreseen_access_log_dropped_lines_total")]
    assert sorted(line.split()[1] for line in dropped) == ["0.0", "0.0", "0.0", "2.0"]
    assert 'foreseen_access_log_dropped_lines_total{model="",version=""} 2.0' in dropped


async def test_dropped_lines_are_counted_with_a_single_version_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_application, "open_access_log", drops_two_lines)
    async with serving(adders(tmp_path / "models", {"iris/3.joblib": 1}), "[models.iris]") as client:
        assert "foreseen_access_log_dropped_lines_total 2.0" in (await client.get("/metrics")).text.splitlines()


async def test_each_model_reloads_by_itself(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        await answered(client, "/models/wine/versions/9/predict")
        adders(folder, {"wine/9.joblib": 950})
        (folder / "iris.joblib").write_bytes(b"no model")
        reply = await client.post("/admin/reload")
        answers = [await answered(client, f"/models/{path}/predict") for path in ("iris", "wine/versions/9", "wine")]
        ready = await client.get("/readyz")

    assert (reply.status_code, reply.json()["type"]) == (503, "urn:foreseen:problem:not-reloaded")
    assert "/models/iris/versions/1: " in reply.json()["detail"]
    assert answers == [101, 951, 1001]
    assert ready.json() == {"status": "ready", "unready": []}


async def test_keys_guard_every_model(folder: Path) -> None:
    async with serving(folder, TABLE, api_keys="0" * 64) as client:
        codes = [
            (await client.get(path)).status_code
            for path in ("/models", "/models/iris/predict?a=1", "/v1/models/wine", "/docs", "/readyz")
        ]

    assert codes == [401, 401, 401, 401, 200]
