"""Model files that are refused, as real processes: one line, exit code 1, no traceback."""

import pickle
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sklearn

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


REFUSED = {
    "cut short": (_cut_short, "a file that is none"),
    "open to all": (_open_to_all, "every user may too; try: chmod go-w"),
    "of a lost class": (_of_a_lost_class, "expected module 'ownaway'"),
    "not the pinned one": (_not_the_pinned_one, "expected SHA-256 000"),
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, subprocess.CompletedProcess[bytes]]]:
    """How a process ended with each of these files, and the folder it was in; two at a time, since starting is slow."""
    folders = {name: tmp_path_factory.mktemp("refused") for name in REFUSED}
    commands = [REFUSED[name][0](folder) for name, folder in folders.items()]
    with ThreadPoolExecutor(2) as pool:
        processes = list(pool.map(lambda args: run("inspect", *args), commands))
    return {name: (folders[name], done) for name, done in zip(REFUSED, processes, strict=True)}


@pytest.mark.parametrize("name", REFUSED)
def test_a_model_file_is_refused_in_one_line(
    name: str, ended: dict[str, tuple[Path, subprocess.CompletedProcess[bytes]]]
) -> None:
    folder, done = ended[name]

    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (1, b"")
    assert said.startswith(f"foreseen: {folder}")
    assert ": expected " in said
    assert REFUSED[name][1] in said
    assert said.count("\n") == 1
    assert not (folder / "marker").exists()


def test_a_model_of_another_version_says_so_once_and_works(tmp_path: Path) -> None:
    ours = sklearn.__version__.encode()
    other = b"1" + ours[1:-1] + (b"0" if ours[-1:] != b"0" else b"1")
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(iris_forest(5), protocol=2).replace(ours, other))
    path.chmod(0o600)

    done = run("inspect", path)

    assert done.returncode == 0
    (line,) = done.stderr.decode().splitlines()
    assert f"saved by scikit-learn {other.decode()} and runs under {ours.decode()}" in line
