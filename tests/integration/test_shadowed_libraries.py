"""Files in the working directory that are named like libraries: none replaces the library, in any process."""

from pathlib import Path

from support.models import pickled_by_hand
from support.models_with_own_code import WAYS, put, write
from support.processes import served

INSTALLED = ("numpy", "json", "random", "signal", "socket", "struct", "queue", "pickle", "logging", "typing", "fastapi")
OPTIONAL = ("ujson", "orjson", "email_validator", "cupy")
"""What libraries import if it is there."""


def test_a_service_of_several_processes_uses_none_of_them(tmp_path: Path) -> None:
    write(tmp_path, WAYS["a value of a module"], 2)
    pickled_by_hand(tmp_path / "Own", "owncode")
    for name in (*INSTALLED, *OPTIONAL):
        put(tmp_path / f"{name}.py", "raise SystemExit('the wrong module')\n")

    with served("Own", "--workers", "2", cwd=tmp_path) as running:
        assert running.get("/predict", x0=3).json() == {"prediction": 6.0}
        assert running.stop() == 0

    assert "the wrong module" not in "".join(running.out + running.err)
