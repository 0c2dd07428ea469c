"""Own code that changes under running replicas: after a reload no answer is the old code's."""

from pathlib import Path

import pytest

from support.models import pickled_by_hand
from support.models_with_own_code import WAYS, Way, write
from support.processes import served, wait_until
from support.reloadable_service import reload

TELLING = """
import weakref
class Weights: pass
weights = Weights()
weakref.finalize(weights, print, "freed what was read first", flush=True)
FACTOR = 2
"""


@pytest.mark.parametrize("model_isolation", ["process", "thread"])
def test_new_code_answers_in_every_replica_after_a_reload(tmp_path: Path, redis_url: str, model_isolation: str) -> None:
    way = WAYS["a value of a module"]
    write(tmp_path, way, 2)
    pickled_by_hand(tmp_path / "Own", "owncode")
    line = (
        "Own",
        "--model-isolation",
        model_isolation,
        "--cache",
        "tiered",
        "--redis-url",
        redis_url,
        "--redis-timeout",
        "10s",
    )

    with served(*line, cwd=tmp_path) as first:
        assert first.get("/predict", x0=3).json() == {"prediction": 6.0}
        write(tmp_path, way, 5)

        assert reload(first).json()["status"] == "reloaded"

        assert first.get("/predict", x0=3).json() == {"prediction": 15.0}
        assert reload(first).json()["status"] == "unchanged"
        with served(*line, cwd=tmp_path) as second:
            got = second.get("/predict", x0=3)
            assert (got.json(), got.headers["cache-status"]) == ({"prediction": 15.0}, "foreseen; hit; detail=L2")
            assert second.get("/model").json()["fingerprint"] == first.get("/model").json()["fingerprint"]
            assert second.get("/predict", x0=4).json() == {"prediction": 20.0}
            assert first.get("/predict", x0=4).json() == {"prediction": 20.0}


def test_objects_of_old_code_are_freed_after_a_reload(tmp_path: Path) -> None:
    telling = Way("owncode.py", top=TELLING)
    write(tmp_path, telling, 2)
    pickled_by_hand(tmp_path / "Own", "owncode")

    with served("Own", "--model-isolation", "thread", "--rows-per-call", "0", cwd=tmp_path) as running:
        write(tmp_path, Way("owncode.py", top=TELLING.replace("first", "then")), 5)
        assert reload(running).json()["status"] == "reloaded"

        wait_until(lambda: any("freed what was read first" in line for line in running.out + running.err))

        assert running.get("/predict", x0=3).json() == {"prediction": 15.0}
        assert not any("freed what was read then" in line for line in running.out)
