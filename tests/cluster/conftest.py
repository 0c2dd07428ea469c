"""A Ray of two workers that the tests share, since each takes seconds to start."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from support.processes import command, environment
from support.valkey_server import valkey_url

_HOLD = """
import os, sys, tempfile
from pathlib import Path
from foreseen.entrypoints.ray.driver.ray_session import connected, prepare

prepare(None)
import ray

out = sys.stdout
with tempfile.TemporaryDirectory(prefix="foreseen-ray-") as folder, connected(None, Path(folder)):
    print(ray.get_runtime_context().gcs_address, os.environ["RAY_AUTH_TOKEN"], file=out, flush=True)
    sys.stdin.read()
"""

OWN = """
import os
import signal
import time
from pathlib import Path

HERE = Path(__file__).parent


MEANT = 1000  # what is less comes from who looks at the model


class Counting:
    def predict(self, rows):
        meant = int((rows[:, 0] >= MEANT).sum())
        with (HERE / "asked.txt").open("a") as file:
            file.write(f"{meant}\\n" if meant else "")
        return rows[:, 0] * 2


class Meeting:
    # Goes on when a second process computes as well.
    def predict(self, rows):
        if rows[0, 0] < MEANT:
            return rows[:, 0]
        (HERE / f"met-{os.getpid()}").touch()
        until = time.monotonic() + 60
        while len(list(HERE.glob("met-*"))) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        return rows[:, 0]


class Failing:
    def predict(self, rows):
        if rows[0, 0] >= MEANT:
            raise RuntimeError("no such luck")
        return rows[:, 0]


class Deadly:
    def predict(self, rows):
        if rows[0, 0] >= MEANT:
            os._exit(9)
        return rows[:, 0]


class Mortal:
    # Its first process is killed in the middle of its work.
    def predict(self, rows):
        if rows[0, 0] >= MEANT and not (HERE / "died.txt").exists():
            (HERE / "died.txt").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return rows[:, 0] * 2


class Waiting(Counting):
    # Rows from 2000 on are computed when somebody lets it go on.
    def predict(self, rows):
        while rows[0, 0] >= 2 * MEANT and not (HERE / "go.txt").exists():
            (HERE / "waits.txt").touch()
            time.sleep(0.02)
        return super().predict(rows)


class Endless:
    def predict(self, rows):
        if rows[0, 0] >= MEANT:
            (HERE / "started.txt").touch()
            time.sleep(600)
        return rows[:, 0]
"""


ENDED_S = 300.0
"""Seconds in which a run ends, on a machine however busy."""
MODELS = ("Counting", "Meeting", "Failing", "Deadly", "Mortal", "Waiting", "Endless")


@dataclass(frozen=True)
class Cluster:
    """A running Ray.

    Attributes:
        pid: of the process that holds it.
        address: where drivers connect to.
        env: what they need to be let in.
    """

    pid: int
    address: str
    env: dict[str, str]

    def score(self, *args: object, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
        """Run `foreseen score` on it to its end."""
        line = command("score", *args, "--engine", "ray", "--ray-address", self.address)
        return subprocess.run(
            line, capture_output=True, env=environment(self.env), cwd=cwd, timeout=ENDED_S, check=False
        )


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A Ray with two cores."""
    line = [sys.executable, "-c", _HOLD]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()) as held:
        assert held.stdin is not None
        assert held.stdout is not None
        address, token = held.stdout.readline().split()
        yield Cluster(held.pid, address, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token})
        held.stdin.close()
        assert held.wait(timeout=60) == 0


@pytest.fixture
def redis_url() -> Iterator[str]:
    """An empty Valkey."""
    with valkey_url() as url:
        with redis.Redis.from_url(url) as client:
            client.flushdb()
        yield url


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a module of the user's own, and a model of each of its classes."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "ownray.py").write_text(OWN)
    code = f"import joblib, ownray\nfor n in {MODELS}:\n    joblib.dump(getattr(ownray, n)(), n + '.joblib')"
    subprocess.run([command()[0], "-c", code], cwd=folder, check=True, timeout=60)
    for path in folder.glob("*.joblib"):
        path.chmod(0o600)
    return folder
