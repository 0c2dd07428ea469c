"""A service whose model is exchanged for another by writing a file: each adds another number."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from support.held_model import Holds
from support.processes import WITHOUT_TLS, Served, served

MODULE = """
from support.held_model import wait_while_held

class Adding:
    def __init__(self, added, names):
        self.added, self.feature_names_in_, self.n_features_in_ = added, names, len(names)

    def predict(self, rows):
        rows = [[float(value) for value in row] for row in (rows.values if hasattr(rows, "values") else rows)]
        wait_while_held(row[0] for row in rows)
        return [row[0] + self.added for row in rows]
"""


def put(folder: Path, added: int, names: tuple[str, ...] = ("a",)) -> None:
    """Put a model in place that adds so much to its first value, once that is not held."""
    listed = "".join(f"V{name}\n" for name in names)
    new = folder / "new"
    # By hand: a class of a module that is not imported here.
    new.write_bytes(f"cadding\nAdding\n(I{added}\n(".encode() + listed.encode() + b"ltR.")
    new.chmod(0o600)
    new.rename(folder / "model.pkl")


@contextmanager
def adding(folder: Path, *args: object, module: str = MODULE) -> Iterator[Served]:
    """Serve a model that adds 100; what is held is let go in the end."""
    (folder / "adding.py").write_text(module)
    put(folder, 100)
    patient = ("--timeout", "240s")  # requests that are held wait for reloads, however busy the machine is
    line = ("model.pkl", "--rows-per-call", "0", "--cache-nondeterministic", "true", *patient, *args)
    with served(*line, cwd=folder) as running:
        yield running
        Holds(folder).let_go()


def reload(running: Served) -> httpx.Response:
    """Have the model reloaded."""
    return httpx.post(running.url + "/admin/reload", **WITHOUT_TLS)


def answer(running: Served, a: float) -> float:
    """Request one prediction."""
    return float(running.get("/predict", a=a).json()["prediction"])
