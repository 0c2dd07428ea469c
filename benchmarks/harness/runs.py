"""Runs of a command over a file: how long, and how much memory at most."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from harness.contenders import FORESEEN
from harness.processes import BENCHMARKS, environment

SCRIPT, POLARS, OURS = "script", "polars script", "foreseen score"

Ending = Literal["csv", "parquet"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        seconds: from the start of the process to its end.
        peak_bytes: the most memory that one of its processes held, as the system counts it.
    """

    seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Job:
    """A file to score, and the model for it, in a folder that also takes what comes out.

    Attributes:
        ending: of the file, and of what comes out.
        outputs: the methods of the model that are called.
    """

    folder: Path
    ending: Ending = "csv"
    outputs: tuple[str, ...] = ("predict",)

    @classmethod
    def made(cls, name: str, folder: Path, rows: int) -> "Job":
        """Make the file in each format and the model; `harness.tables` knows the names."""
        folder.mkdir(exist_ok=True)
        subprocess.run(
            [sys.executable, "-m", "harness.tables", name, str(folder), str(rows)], env=environment(), check=True
        )
        return cls(folder)

    @property
    def model(self) -> Path:
        """The model's file."""
        return self.folder / "model.joblib"

    @property
    def source(self) -> Path:
        """The file to score."""
        return self.folder / f"in.{self.ending}"

    def output(self, contender: str) -> Path:
        """Return the file that a contender writes."""
        return self.folder / f"{contender.replace(' ', '-')}.{self.ending}"

    @property
    def contenders(self) -> Mapping[str, Callable[[], Run]]:
        """Everybody who can score it; polars where it is installed."""
        polars = {POLARS: lambda: self._app(POLARS, "polars_script.py")} if find_spec("polars") else {}
        return {SCRIPT: self.script, **polars, OURS: self.ours}

    def script(self) -> Run:
        """Let the analyst's script score it."""
        return self._app(SCRIPT, "script.py")

    def ours(self, *options: str) -> Run:
        """Let `foreseen score` do it."""
        return self.ours_over([self.source], *options)

    def ours_over(self, sources: Sequence[Path], *options: str) -> Run:
        """Let `foreseen score` score some files with this model."""
        return run([*self.ours_command(sources), *options])

    def ours_command(self, sources: Sequence[Path]) -> list[str]:
        """Return the command that scores some files with this model."""
        files = [str(self.model), *map(str, sources), "--output", str(self.output(OURS)), "--force"]
        outputs = ["--outputs", ",".join(self.outputs)]
        return [FORESEEN, "score", *files, *outputs, "--summary", str(self.folder / "summary.json")]

    def _app(self, contender: str, name: str) -> Run:
        app = BENCHMARKS / "harness" / "apps" / name
        files = [self.model, self.source, self.output(contender)]
        return run([sys.executable, str(app), *map(str, files), *self.outputs])


def run(command: Sequence[str], *, expected: Sequence[int] = (0,)) -> Run:
    """Run a command to its end."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment())
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in expected:
        sys.exit(f"expected {' '.join(command)} to end well")
    return Run(seconds, usage.ru_maxrss * 1024)
