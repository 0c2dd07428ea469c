"""LitServe: the model behind its batches, one process that serves and one with the model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.forms import FLOWER
from harness.optional.contender import Contender, environment_of, missing_environment
from harness.processes import answering, free_port


def litserve(model: Path) -> Contender:
    """Return it, from its own environment."""
    return Contender("LitServe", missing_environment("LitServe"), lambda: _serve(model))


@contextmanager
def _serve(model: Path) -> Iterator[str]:
    port = free_port()
    command = [str(environment_of("litserve") / "bin" / "python"), "-m", "harness.apps.lit", str(port)]
    with answering(command, f"http://127.0.0.1:{port}/health", env={"LIT_MODEL": str(model)}):
        yield f"http://127.0.0.1:{port}{FLOWER.path}"
