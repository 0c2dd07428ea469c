"""Model files that are rejected: one line, exit code 1, no traceback."""

import pickle
from pathlib import Path
from typing import Any

import pytest
import sklearn

from support.command_in_process import run_here
from support.models import iris_forest, save
from support.processes import run


class Marking:
    """Its loading leaves a file behind."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return (Path.touch, (self.marker,))


def _cut_short(folder: Path) -> list[object]:
    path = save(iris_forest(2), folder)
    path.write_bytes(path.read_bytes()[:700])
    return [path]


def _open_to_all(folder: Path) -> list[object]:
    path = save(iris_forest(2), folder)
    path.chmod(0o666)
    return [path]


def _of_a_lost_class(folder: Path) -> list[object]:
    path = folder / "model.pkl"
    path.write_bytes(b"cownaway\nOwn\n.")
    path.chmod(0o600)
    return [path]


def _not_the_pinned_one(folder: Path) -> list[object]:
    path = folder / "model.pkl"
    path.write_bytes(pickle.dumps(Marking(folder / "marker")))
    path.chmod(0o600)
    return [path, "--model-sha256", "0" * 64]


REJECTED = {
    "cut short": (_cut_short, "got one that is cut off"),
    "open to all": (_open_to_all, "every user may too; try: chmod go-w"),
    "of a lost class": (_of_a_lost_class, "expected module 'ownaway'"),
    "not the pinned one": (_not_the_pinned_one, "expected SHA-256 000"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_model_file_is_rejected_in_one_line(name: str, tmp_path: Path) -> None:
    made, expected = REJECTED[name]

    # One of them in a process of its own.
    done = (run if name == "cut short" else run_here)("inspect", *made(tmp_path))

    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (1, b"")
    assert said.startswith(f"foreseen: {tmp_path}")
    assert ": expected " in said
    assert expected in said
    assert said.count("\n") == 1
    assert not (tmp_path / "marker").exists()


def test_a_model_of_another_version_is_logged_once_and_works(tmp_path: Path) -> None:
    ours = sklearn.__version__.encode()
    other = b"8" + ours[1:]
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(iris_forest(5), protocol=2).replace(ours, other))
    path.chmod(0o600)

    done = run_here("inspect", path)

    assert done.returncode == 0
    (line,) = done.stderr.decode().splitlines()
    assert f"saved by scikit-learn {other.decode()} and runs under {ours.decode()}" in line
