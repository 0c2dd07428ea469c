"""Runs of a command over a file: how long, and how much memory at most."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.contenders import FORESEEN
from harness.processes import BENCHMARKS, environment


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        seconds: from the start of the process to its end.
        peak_bytes: the most memory that it held, as the system counts it.
    """

    seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Job:
    """A file to score, and the model for it, in a folder that also takes what comes out."""

    folder: Path

    @classmethod
    def made(cls, name: str, folder: Path, rows: int) -> "Job":
        """Make the file and the model; `harness.tables` knows the names."""
        folder.mkdir(exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", "harness.tables", name, str(folder), str(rows)], env=environment(), check=True
        )
        return cls(folder)

    @property
    def model(self) -> Path:
        """The model's file."""
        return self.folder / "model.joblib"

    def script(self) -> Run:
        """Let the analyst's script score it."""
        app = BENCHMARKS / "harness" / "apps" / "script.py"
        return run(
            [sys.executable, str(app), str(self.model), str(self.folder / "in.csv"), str(self.folder / "script.csv")]
        )

    def ours(self, *options: str) -> Run:
        """Let `foreseen score` do it."""
        files = [str(self.model), str(self.folder / "in.csv"), "--output", str(self.folder / "out.csv"), "--force"]
        return run([FORESEEN, "score", *files, "--summary", str(self.folder / "summary.json"), "--force", *options])


def run(command: Sequence[str]) -> Run:
    """Run a command to its end."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment())
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"expected {' '.join(command)} to end well")
    return Run(seconds, usage.ru_maxrss * 1024)
