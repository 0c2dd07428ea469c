"""The command line that every benchmark has."""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how often is measured."""

    name: str
    command: str
    seconds: int
    rounds: int


def read_options(question: str, *, seconds: int | None = 2, rounds: int = 3) -> Options:
    """Read them; without seconds, the benchmark is none that sends load for a while."""
    script = Path(sys.argv[0])
    parser = argparse.ArgumentParser(prog=script.name, description=question)
    parser.add_argument("--rounds", type=int, default=rounds, help="times that each is taken in turn (%(default)s)")
    if seconds is not None:
        parser.add_argument("--seconds", type=int, default=seconds, help="of each measurement (%(default)s)")
    read = parser.parse_args()
    command = " ".join([f".venv/bin/python benchmarks/{script.name}", *sys.argv[1:]])
    return Options(script.stem, command, getattr(read, "seconds", 0), read.rounds)
