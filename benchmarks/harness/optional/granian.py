"""granian: the application of bare, served by one worker of a web server in Rust, on uvloop as under uvicorn."""

from collections.abc import Iterator
from contextlib import contextmanager

from harness.forms import FLOWER
from harness.optional.contender import Contender, environment_of, missing_environment
from harness.processes import answering, free_port


def granian() -> Contender:
    """Return it, from its own environment."""
    return Contender("granian", missing_environment("granian"), _serve)


@contextmanager
def _serve() -> Iterator[str]:
    port = free_port()
    # Its defaults are one worker with one thread for its runtime, and no line for each request.
    command = [str(environment_of("granian") / "bin" / "granian"), "--interface", "asgi", "--loop", "uvloop"]
    command += ["--http", "1", "--no-ws", "--log-level", "warning", "--port", str(port), "harness.apps.bare:app"]
    url = f"http://127.0.0.1:{port}{FLOWER.path}"
    with answering(command, url):
        yield url
