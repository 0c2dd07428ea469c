"""`foreseen cache warm`: what a file holds is answered from Redis by later services."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from support.command_in_process import run_here
from support.models import IRIS_NAMES, save
from support.own_models import Random
from support.own_valkey import own_valkey
from support.processes import run, served
from support.reloadable_service import adding, answer, put, reload

PATIENT = ("--redis-timeout", "60s")
"""So that a busy machine does not make a hit a miss."""


def flowers(path: Path, rows: int = 300) -> Path:
    """Write flowers no two of which are equal."""
    lines = [f"{5 + n / 1000},3.5,{1 + n % 50 / 10},0.2" for n in range(rows)]
    path.write_text("\n".join([",".join(IRIS_NAMES), *lines]) + "\n")
    return path


def test_a_service_started_afterwards_has_every_answer(iris_model: Path, redis_url: str, tmp_path: Path) -> None:
    source = flowers(tmp_path / "in.csv")

    shared = ("--redis-url", redis_url, *PATIENT)
    warmed = run("cache", "warm", iris_model, source, *shared)
    again = run_here("cache", "warm", iris_model, source, *shared)

    assert (warmed.returncode, warmed.stderr) == (0, b"")
    assert b"300 computed and stored, 0 already stored, 0 rejected" in warmed.stdout
    assert b"0 computed and stored, 300 already stored, 0 rejected" in again.stdout
    with served(iris_model, "--cache", "tiered", *shared) as running:
        for line in source.read_text().splitlines()[1::60]:
            values = dict(zip(IRIS_NAMES, map(float, line.split(",")), strict=True))
            assert running.get("/predict", **values).headers["cache-status"] == "foreseen; hit; detail=L2"


def test_a_new_model_is_warmed_before_it_takes_over(redis_url: str, tmp_path: Path) -> None:
    redis = ("--redis-url", redis_url, *PATIENT)
    with adding(tmp_path, "--cache", "redis", *redis, "--redis-lookups", "always") as running:
        assert answer(running, 0.5) == 100.5
        following = tmp_path / "following"
        shutil.copytree(tmp_path, following)
        put(following, 200)
        (tmp_path / "in.csv").write_text("a\n0.25\n0.5\n")
        model_as_served = ("--rows-per-call", "0", "--cache-nondeterministic", "true")

        warmed = run_here(
            "cache", "warm", following / "model.pkl", tmp_path / "in.csv", *redis, *model_as_served, cwd=following
        )
        put(tmp_path, 200)
        assert reload(running).json()["status"] == "reloaded"

        assert warmed.returncode == 0, warmed.stderr
        replied = running.get("/predict", a=0.5)
        assert (replied.json(), replied.headers["cache-status"]) == ({"prediction": 200.5}, "foreseen; hit; detail=L2")


def test_rows_are_chosen_and_read_as_for_scoring(flower_model: Path, redis_url: str, tmp_path: Path) -> None:
    rows = "".join(f"{5 + n / 10:.1f}".replace(".", ",") + f";3,5;1;{n % 2}\n" for n in range(20))
    header = ";".join(["length", *IRIS_NAMES[1:]])
    (tmp_path / "in.csv").write_text(f"Station 7\n{header}\n# a pause\n{rows}")
    dialect = ("--delimiter", ";", "--decimal", ",", "--skip-rows", 1, "--comment", "#")
    chosen = ("--columns-as", f"length={IRIS_NAMES[0]}", "--where", f"{IRIS_NAMES[3]} == 1", "--limit", 3)

    warmed = run_here(
        "cache", "warm", flower_model, tmp_path / "in.csv", *dialect, *chosen, "--redis-url", redis_url, *PATIENT
    )

    assert (warmed.returncode, warmed.stderr) == (0, b"")
    assert b"3 rows in" in warmed.stdout
    assert b"3 computed and stored, 0 already stored, 0 rejected" in warmed.stdout


def test_rows_without_an_answer_are_reported(iris_model: Path, redis_url: str, tmp_path: Path) -> None:
    source = flowers(tmp_path / "in.csv", 3)
    source.write_text(source.read_text() + "1,2,x,4\n")

    warmed = run_here("cache", "warm", iris_model, source, "--redis-url", redis_url, *PATIENT)

    assert warmed.returncode == 3
    assert b"3 computed and stored, 0 already stored, 1 rejected" in warmed.stdout
    assert b'in.csv: line 5, column petal_length: expected a number, got "x"' in warmed.stderr


@pytest.mark.parametrize(
    ("flags", "code", "said"),
    [
        (
            ["--redis-url", "redis://127.0.0.1:1/0"],
            1,
            b"the shared cache was disabled, so not everything is stored: ",
        ),
        (["--cache", "lru"], 2, b"--cache: expected redis or tiered, got lru, whose entries end with this process"),
        (["--cache", "none"], 2, b"--cache: expected redis or tiered, got none"),
    ],
)
def test_warming_without_a_cache_is_reported(
    iris_model: Path, tmp_path: Path, flags: list[str], code: int, said: bytes
) -> None:
    warmed = run_here("cache", "warm", iris_model, flowers(tmp_path / "in.csv", 3), *flags)

    assert (warmed.returncode, warmed.stdout) == (code, b"")
    assert warmed.stderr.splitlines()[-1].startswith(b"foreseen: " + said)


def test_entries_without_room_on_the_server_are_counted_apart(flower_model: Path, tmp_path: Path) -> None:
    source = flowers(tmp_path / "in.csv", 10_000)
    with own_valkey() as server, server.client as client:
        used: Any = client.info("memory")["used_memory"]
        server.configure(maxmemory=str(used + 2_000_000), maxmemory_policy="allkeys-lru")

        warmed = run_here("cache", "warm", flower_model, source, "--redis-url", server.url, *PATIENT)

        held, evicted = len(client.keys("foreseen:*:*")), client.info("stats")["evicted_keys"]
    assert 500 < held < 9_500
    assert (warmed.returncode, evicted) == (0, 0)
    assert f" {held:,} computed and stored, 0 already stored, 0 rejected" in warmed.stdout.decode()
    assert f"foreseen: {10_000 - held:,} predictions were not stored" in warmed.stderr.decode()


def test_a_model_that_contradicts_itself_is_not_warmed(redis_url: str, tmp_path: Path) -> None:
    model = save(Random(), tmp_path)
    (tmp_path / "in.csv").write_text("a,b\n1,2\n")

    warmed = run_here("cache", "warm", model, tmp_path / "in.csv", "--features", "a,b", "--redis-url", redis_url)

    assert (warmed.returncode, warmed.stdout) == (1, b"")
    assert b"expected a deterministic model" in warmed.stderr
