"""A process that calls a library with one row after another, for the seconds that it is sent."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from harness.processes import end, environment
from harness.wrk import Load


@dataclass(frozen=True, slots=True)
class Library:
    """One that has loaded its model.

    Attributes:
        answers: what it predicted for the instances that it calls with.
        measured: call it for some seconds.
    """

    answers: list[object]
    measured: Callable[[float], Load]


@contextmanager
def loaded(command: Sequence[str]) -> Iterator[Library]:
    """Run what `harness.formats.library_calls` describes until the block ends."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment(), text=True) as process:

        def read() -> str:
            line = process.stdout.readline() if process.stdout else ""
            return line or sys.exit(f"expected {' '.join(command)} to answer")

        def measured(seconds: float) -> Load:
            if process.stdin:
                process.stdin.write(f"{seconds}\n")
                process.stdin.flush()
            return Load(**json.loads(read()))

        try:
            yield Library(json.loads(read()), measured)
        finally:
            end(process)
