"""Models, versions and aliases change while a service runs: each model as a whole or not at all."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from foreseen.adapters.cache.memory.shared_bytes import SharedBytes
from foreseen.entrypoints.http import start_fleet
from foreseen.entrypoints.http.counting.counted_routes import STATUSES, status_number
from support.in_process_fleet import adders, serving
from support.time_limits import PATIENCE_S

TABLE = '[models.wine]\nversions = "all"\naliases = {champion = 9, challenger = 10}\ndefault = "@champion"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return adders(tmp_path / "models", {"iris.joblib": 100, "wine/9.joblib": 900, "wine/10.joblib": 1000})


def configure(folder: Path, toml: str) -> None:
    (folder.parent / "foreseen.toml").write_text(toml)


async def answer(client: httpx.AsyncClient, path: str) -> Any:
    reply = await client.get(f"/models/{path}/predict", params={"a": 1})
    return reply.json()["prediction"] if reply.status_code == 200 else reply.status_code


async def posted(client: httpx.AsyncClient, path: str) -> tuple[int, Any]:
    reply = await client.post(f"/admin/{path}")
    body = reply.json()
    return reply.status_code, body if reply.status_code == 200 else body["detail"]


async def test_a_reload_adds_removes_and_changes_models(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        adders(folder, {"beer.joblib": 10, "wine/11.joblib": 1100})
        (folder / "iris.joblib").unlink()
        configure(folder, TABLE.replace("champion = 9", "champion = 11"))

        status, outcomes = await posted(client, "reload")

        assert (status, outcomes) == (
            200,
            {
                "/models/beer/versions/1": "loaded",
                "/models/wine/versions/11": "loaded",
                "/models/wine/versions/9": "unchanged",
                "/models/wine/versions/10": "unchanged",
                "/models/iris/versions/1": "unloaded",
            },
        )
        answers = [await answer(client, path) for path in ("beer", "wine", "wine/versions/9", "iris")]
        assert answers == [11, 1101, 901, 404]


async def test_a_new_version_that_fails_changes_nothing_of_its_model(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        adders(folder, {"beer.joblib": 10})
        (folder / "wine" / "11.joblib").write_bytes(b"no model")
        configure(folder, TABLE.replace("champion = 9", "champion = 11"))

        status, detail = await posted(client, "reload")

        assert (status, "wine/11.joblib: expected" in detail) == (503, True)
        assert [await answer(client, path) for path in ("wine", "wine/versions/11", "iris", "beer")] == [
            901,
            404,
            101,
            11,
        ]
        assert (await client.get("/readyz")).json() == {"status": "ready", "unready": []}


@pytest.mark.parametrize("toml", ["ttl = 3", "[models.wine]\nttl = 3", "models = 1", "no toml"])
async def test_a_wrong_settings_file_changes_nothing(folder: Path, toml: str) -> None:
    async with serving(folder, TABLE) as client:
        configure(folder, toml)

        status, detail = await posted(client, "reload")

        assert (status, "foreseen.toml" in detail) == (503, True)
        assert [await answer(client, path) for path in ("wine", "iris")] == [901, 101]


async def test_a_changed_table_loads_its_model_anew(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        configure(folder, TABLE + 'ttl = "7s"\n')
        _, outcomes = await posted(client, "reload")

        assert outcomes["/models/iris/versions/1"] == "unchanged"
        assert outcomes["/models/wine/versions/9"] == "loaded"
        assert (await client.get("/models/wine/model")).json()["cache"]["ttl_s"] == 7


async def test_an_alias_is_switched_without_a_load(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        assert [await answer(client, path) for path in ("wine", "wine/versions/champion")] == [901, 901]

        reply = await client.put("/admin/models/wine/aliases/champion", json={"version": "10"})

        assert (reply.status_code, reply.json()) == (200, {"name": "wine", "alias": "champion", "version": "10"})
        assert [await answer(client, path) for path in ("wine", "wine/versions/champion")] == [1001, 1001]
        await client.put("/admin/models/wine/aliases/new", json={"version": "champion"})
        assert await answer(client, "wine/versions/new") == 1001


@pytest.mark.parametrize(
    ("alias", "body", "status", "said"),
    [
        ("champion", b'{"version": "8"}', 404, "expected a version of wine: 9, 10"),
        ("champion", b'{"version": 9}', 422, 'expected {"version": "7"}'),
        ("champion", b"{}", 422, 'expected {"version": "7"}'),
        ("champion", b"9", 422, 'expected {"version": "7"}'),
        ("9", b'{"version": "10"}', 422, "expected a name that is no version, got 9"),
        (".x", b'{"version": "10"}', 422, "expected a name that is no version"),
    ],
)
async def test_a_wrong_alias_changes_nothing(folder: Path, alias: str, body: bytes, status: int, said: str) -> None:
    async with serving(folder, TABLE) as client:
        reply = await client.put(f"/admin/models/wine/aliases/{alias}", content=body)

        assert (reply.status_code, said in reply.json()["detail"]) == (status, True)
        assert await answer(client, "wine/versions/champion") == 901


async def test_a_version_is_loaded_and_unloaded_by_itself(folder: Path) -> None:
    async with serving(folder) as client:  # the latest alone
        assert [await answer(client, path) for path in ("wine", "wine/versions/9")] == [1001, 404]

        assert await posted(client, "models/wine/versions/9/load") == (200, {"/models/wine/versions/9": "loaded"})
        assert [await answer(client, path) for path in ("wine", "wine/versions/9")] == [1001, 901]
        assert await posted(client, "models/wine/versions/9/load") == (200, {})
        assert await posted(client, "models/wine/versions/9/unload") == (200, {"/models/wine/versions/9": "unloaded"})
        assert [await answer(client, path) for path in ("wine", "wine/versions/9")] == [1001, 404]


async def test_a_model_is_unloaded_and_loaded_as_a_whole(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        status, outcomes = await posted(client, "models/wine/unload")
        assert (status, set(outcomes)) == (200, {"/models/wine/versions/9", "/models/wine/versions/10"})
        assert [await answer(client, path) for path in ("wine", "iris")] == [404, 101]

        assert (await posted(client, "models/wine/load"))[0] == 200
        assert [await answer(client, path) for path in ("wine", "wine/versions/challenger")] == [901, 1001]


async def test_a_version_that_something_refers_to_is_not_unloaded(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        assert await posted(client, "models/wine/versions/9/unload") == (
            409,
            "expected a version that nothing refers to, got the alias champion",
        )
        assert await answer(client, "wine/versions/9") == 901
        lines = (await client.get("/metrics")).text.splitlines()
    assert 'foreseen_rejected_requests_total{model="",status="409",type="http",version=""} 1.0' in lines
    assert STATUSES[status_number(409)] == "409"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("models/beer/load", 503, "expected a model of the folder or the settings file, got beer"),
        ("models/wine/versions/12/load", 503, "expected one of 10, 9, got 12"),
        ("models/beer/unload", 404, "expected the name of a model, got beer"),
        ("models/wine/versions/12/unload", 404, "expected a version of wine: 9, 10"),
        ("models/wine/versions/12/reload", 404, "expected a version of wine: 9, 10"),
    ],
)
async def test_what_is_not_there_is_not_changed(folder: Path, path: str, status: int, said: str) -> None:
    async with serving(folder, TABLE) as client:
        got, detail = await posted(client, path)

        assert (got, said in detail) == (status, True)


async def test_one_model_reloads_its_file(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        adders(folder, {"wine/9.joblib": 950, "iris.joblib": 150})
        assert await posted(client, "models/wine/versions/9/reload") == (200, {"/models/wine/versions/9": "reloaded"})
        assert [await answer(client, path) for path in ("wine", "iris")] == [951, 101]


async def test_the_last_model_may_be_left(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        shutil.rmtree(folder / "wine")
        configure(folder, "")
        assert (await posted(client, "reload"))[1]["/models/iris/versions/1"] == "unchanged"
        assert (await client.get("/predict", params={"a": 1})).json() == {"prediction": 101}
        (folder / "iris.joblib").unlink()
        status, detail = await posted(client, "reload")
        assert (status, detail.endswith("expected models, got none")) == (503, True)
        assert await answer(client, "iris") == 101


async def test_what_is_unloaded_makes_room_in_the_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = SharedBytes(2**20)
    monkeypatch.setattr(start_fleet, "shared_l1", lambda _: shared)
    async with serving(folder, TABLE) as client:
        await client.put("/admin/models/wine/aliases/challenger", json={"version": "9"})
        caches = len(shared)
        for _ in range(2):
            assert await answer(client, "wine/versions/10") == 1001
            assert shared.size_bytes > 0
            await posted(client, "models/wine/versions/10/unload")
            async with asyncio.timeout(PATIENCE_S):
                while len(shared) == caches:  # noqa: ASYNC110 - it ends after the answer
                    await asyncio.sleep(0.01)
            assert (len(shared), shared.size_bytes) == (caches - 1, 0)
            await posted(client, "models/wine/versions/10/load")
            assert len(shared) == caches


async def behind_a_reload(client: httpx.AsyncClient, *requests: tuple[str, str, object]) -> list[tuple[int, Any]]:
    """Send requests that wait while all models are reloaded, each begun after the one before it."""
    reload = asyncio.ensure_future(client.post("/admin/reload"))
    await asyncio.sleep(0)
    sent = []
    for method, path, body in requests:
        sent.append(asyncio.ensure_future(client.request(method, f"/admin/{path}", json=body)))
        for _ in range(20):  # until it waits for its turn; a load takes many times longer
            await asyncio.sleep(0)
    assert not reload.done()
    replies = await asyncio.gather(*sent)
    assert (await reload).status_code == 200
    return [
        (reply.status_code, reply.json() if reply.status_code == 200 else reply.json()["detail"]) for reply in replies
    ]


async def test_a_version_is_ended_once_however_often_that_is_asked(folder: Path) -> None:
    async with serving(folder, '[models.wine]\nversions = "all"\ndefault = "9"\n') as client:
        ended = ("POST", "models/wine/versions/10/unload", None)
        first, second = await behind_a_reload(client, ended, ended)

        assert first == (200, {"/models/wine/versions/10": "unloaded"})
        assert (second[0], "expected a version of wine: 9; got 10" in second[1]) == (404, True)
        assert await answer(client, "wine") == 901


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "models/wine/unload", None),
        ("POST", "models/wine/versions/10/unload", None),
        ("POST", "models/wine/reload", None),
        ("POST", "models/wine/versions/9/reload", None),
        ("PUT", "models/wine/aliases/x", {"version": "9"}),
    ],
)
async def test_a_change_of_what_another_change_has_ended_finds_nothing(
    folder: Path, method: str, path: str, body: object
) -> None:
    async with serving(folder, TABLE) as client:
        ended, changed = await behind_a_reload(client, ("POST", "models/wine/unload", None), (method, path, body))

        assert (ended[0], changed[0]) == (200, 404)
        assert "expected the name of a model, got wine; the models are /models/iris" in changed[1]


async def test_no_alias_means_a_version_that_a_reload_has_ended(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        configure(folder, '[models.wine]\nversions = ["10"]\n')
        (reply,) = await behind_a_reload(client, ("PUT", "models/wine/aliases/x", {"version": "9"}))

        assert (reply[0], "expected a version of wine: 10; got 9" in reply[1]) == (404, True)
        assert await answer(client, "wine") == 1001


@pytest.mark.parametrize("path", ["iris/versions/1", "wine/versions/10"])
async def test_the_default_version_is_not_unloaded_even_if_it_is_the_only_one(folder: Path, path: str) -> None:
    async with serving(folder) as client:
        assert await posted(client, f"models/{path}/unload") == (
            409,
            "expected a version that nothing refers to, got the default version",
        )
        assert await answer(client, path) == await answer(client, path.partition("/")[0])


async def test_no_alias_has_the_name_of_a_version_that_could_be_loaded(folder: Path) -> None:
    async with serving(folder) as client:  # of wine, 10 alone
        reply = await client.put("/admin/models/wine/aliases/9", json={"version": "10"})

        assert (reply.status_code, reply.json()["detail"]) == (422, "expected a name that is no version, got 9")
        assert await answer(client, "wine/versions/9") == 404


@pytest.mark.parametrize("path", ["models/wine/versions/11/load", "models/wine/load"])
async def test_no_version_is_loaded_that_has_the_name_of_an_alias(folder: Path, path: str) -> None:
    async with serving(folder, '[models.wine]\nversions = "all"\n') as client:
        assert (await client.put("/admin/models/wine/aliases/11", json={"version": "9"})).status_code == 200
        adders(folder, {"wine/11.joblib": 1100})

        assert await posted(client, path) == (409, "expected a version whose name is no alias, got 11")
        assert await answer(client, "wine/versions/11") == 901


async def test_a_default_follows_its_alias_after_a_load_too(folder: Path) -> None:
    async with serving(folder, TABLE) as client:
        adders(folder, {"wine/11.joblib": 1100})
        assert (await posted(client, "models/wine/versions/11/load"))[0] == 200
        await client.put("/admin/models/wine/aliases/champion", json={"version": "10"})
        assert await answer(client, "wine") == 1001

        await posted(client, "models/wine/unload")
        await posted(client, "models/wine/load")
        assert await answer(client, "wine") == 901
        await client.put("/admin/models/wine/aliases/champion", json={"version": "10"})
        assert await answer(client, "wine") == 1001


async def test_the_default_model_is_the_default_again_once_it_is_loaded(folder: Path) -> None:
    async with serving(folder, f'default_model = "iris"\n{TABLE}') as client:
        for change, status in (("unload", 404), ("load", 200)):
            await posted(client, f"models/iris/{change}")
            assert (await client.get("/predict", params={"a": 1})).status_code == status
        assert (await client.get("/models")).json()["default_model"] == "iris"


async def test_the_service_is_unready_while_no_model_is_loaded(folder: Path) -> None:
    async with serving(folder) as client:
        for name in ("iris", "wine"):
            await posted(client, f"models/{name}/unload")
        unready = [await client.get(path) for path in ("/readyz", "/ping", "/v2/health/ready")]
        assert [reply.status_code for reply in unready] == [503, 503, 503]
        assert unready[0].json()["detail"] == "no model is loaded"

        await posted(client, "models/iris/load")
        assert (await client.get("/readyz")).status_code == 200
