"""A folder in which files are scored, whole or broken off, by a slow model of the user's own."""

import os
import pty
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from foreseen.adapters.spool.journal.journal import read_journal
from support.command_in_process import run_here
from support.held_model import Holds
from support.models import pickled_by_hand
from support.processes import command, environment, run, starter
from support.time_limits import PATIENCE_S

ROWS: Final = 270_000
CHUNK_S: Final = 0.15

OWN = f"""
import time
from pathlib import Path

from support.held_model import wait_while_held

HERE = Path(__file__).parent


class Steady:
    def predict(self, rows):
        if len(rows) > 1000:
            asked = HERE / "asked.txt"
            with asked.open("a") as file:
                file.write(f"{{len(rows)}}\\n")
            wait_while_held([asked.read_text().count("\\n")], HERE)
            time.sleep({CHUNK_S})
        return rows[:, 0] * 2


class Failing(Steady):
    def predict(self, rows):
        if rows[0, 0] > 130_000 and not (HERE / "mended.txt").exists():
            raise RuntimeError("out of order")
        return super().predict(rows)
"""


@dataclass(frozen=True)
class Place:
    """A folder with models, an input with rows that cannot be scored, and what an unbroken run makes of it."""

    folder: Path
    out: bytes
    rejects: bytes
    chunks: int = 0

    @property
    def holds(self) -> Holds:
        """What holds the model within a chunk; they are counted as by `asked`."""
        return Holds(self.folder)

    def args(self, name: str, *more: object, model: str = "Steady.joblib", source: str = "in.csv") -> list[str]:
        """Return the arguments that score into an output of this name."""
        fixed = ("--features", "a", "--rows-per-call", "0", "--cache", "none")
        return [str(each) for each in ("score", model, source, "-o", name, *fixed, *more)]

    def run(self, name: str, *more: object) -> subprocess.CompletedProcess[bytes]:
        """Score to the end, in a process of its own."""
        self.forget()
        return run(*self.args(name, *more), cwd=self.folder)

    def end(self, name: str, *more: object, **changes: str) -> tuple[int, str]:
        """Score to the end, in this process, since starting one takes seconds; give the exit code and what was said."""
        self.forget()
        done = run_here(*self.args(name, *more, **changes), cwd=self.folder)
        return done.returncode, done.stderr.decode()

    def start(self, name: str, *more: object) -> "subprocess.Popen[str]":
        """Begin to score, in a process of its own."""
        self.forget()
        return starter()(
            command(*self.args(name, *more)), cwd=self.folder, env=environment(), stderr=subprocess.PIPE, text=True
        )

    def forget(self) -> None:
        """Count the chunks from here."""
        (self.folder / "asked.txt").unlink(missing_ok=True)

    def asked(self) -> int:
        """Count the chunks that the model was called with."""
        path = self.folder / "asked.txt"
        return path.read_text().count("\n") if path.exists() else 0

    def files(self, name: str) -> set[str]:
        """Name what there is of an output, without its own name before it."""
        return {path.name.removeprefix(name) for path in self.folder.glob(f"{name}*")}

    def is_unfinished(self, name: str) -> bool:
        """Return whether there is what a run leaves that was broken off, and nothing with a final name."""
        return self.files(name) == {".partial", ".rejects.csv.partial", ".journal"}

    def is_whole(self, name: str) -> bool:
        """Return whether there is all that an unbroken run writes, and no more."""
        if self.files(name) != {"", ".rejects.csv"}:
            return False
        out, rejects = ((self.folder / each).read_bytes() for each in (name, f"{name}.rejects.csv"))
        return (out, rejects) == (self.out, self.rejects)

    def durable(self, name: str) -> int:
        """Count the chunks that its journal records."""
        path = self.folder / f"{name}.journal"
        journal = read_journal(path.read_bytes(), name=path.name) if path.exists() else None
        return journal.step.scored.chunks if journal else 0

    @contextmanager
    def at_a_terminal(
        self, name: str, *more: object, **changes: str
    ) -> Iterator[tuple[Callable[[bytes], int], "subprocess.Popen[bytes]", Callable[[], str]]]:
        """Score at a terminal; give what presses its keys, the process, and what shows the screen so far."""
        self.forget()
        ours, theirs = pty.openpty()
        os.set_blocking(ours, False)
        process = starter()(
            command(*self.args(name, *more, **changes)), cwd=self.folder, env=environment({"TERM": "xterm"}),
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        parts: list[bytes] = []
        try:
            yield lambda keys: os.write(ours, keys), process, lambda: _shown(ours, parts)
        finally:
            process.kill()
            process.wait()
            os.close(ours)


def place_in(folder: Path) -> Place:
    """Make one, and run it once without a break."""
    (folder / "owndurable.py").write_text(OWN)
    for name in ("Steady", "Failing"):
        pickled_by_hand(folder / f"{name}.joblib", "owndurable")
    rows = [str(row) if row % 997 else "many" for row in range(1, ROWS)]
    (folder / "in.csv").write_text("\n".join(["a", *rows]) + "\n")
    made = Place(folder, b"", b"")
    assert made.run("unbroken.csv").returncode == 3
    out, rejects = ((folder / f"unbroken.csv{each}").read_bytes() for each in ("", ".rejects.csv"))
    assert (out.count(b"\n"), rejects.count(b"\n")) == (ROWS - ROWS // 997, 1 + ROWS // 997)
    assert made.asked() >= 5
    return Place(folder, out, rejects, made.asked())


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Wait for the end of a process; give its exit code and what it said."""
    _, said = process.communicate(timeout=PATIENCE_S)
    return process.returncode, said


def _shown(terminal: int, parts: list[bytes]) -> str:
    try:
        while part := os.read(terminal, 4096):
            parts.append(part)
    except OSError:  # nothing more for now, or the other side is closed
        pass
    return b"".join(parts).decode(errors="replace")
