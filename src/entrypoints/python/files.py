"""Files from Python code: scored by the command, in a process of its own, whose errors are raised here."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from foreseen.domain.errors import ForeseenError
from foreseen.settings import SettingsError
from foreseen.settings.sources import ENV_PREFIX

log = logging.getLogger("foreseen")


def run_score(arguments: Sequence[str], settings: Mapping[str, Any]) -> None:
    """Run `foreseen score` to its end; its progress is shown here.

    Args:
        settings: by name; none of them is on the command line, which other users may read.
    Raises:
        ForeseenError: the error that ended the run.
    """
    given = {ENV_PREFIX + name.upper(): _text(value) for name, value in settings.items() if value is not None}
    command = [sys.executable, "-m", "foreseen", "score", *arguments, "--log-format", "json"]
    environment = {**os.environ, **given}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stderr is not None  # noqa: S101 - it is a pipe
        try:
            failure = _followed(process.stderr)
            code = process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGTERM)  # on which it stops where another run can go on
            raise
    if failure is not None:
        raise failure
    if code not in (0, 3):  # all rows were scored, or some rejected
        raise ForeseenError(f"foreseen score: expected it to come to its end, got exit code {code}")


def _followed(lines: Iterator[str]) -> ForeseenError | None:
    """Show what a run writes until it ends: lines of progress as they are, its log as our own; return its error."""
    failure: ForeseenError | None = None
    for line in lines:
        said = _logged(line)
        if said is None:
            print(line, end="", file=sys.stderr, flush=True)  # noqa: T201
        elif "error" in said:
            failure = _error(str(said["error"]), str(said["event"]))
        else:
            log.log(logging.getLevelNamesMapping().get(str(said["level"]).upper(), logging.INFO), "%s", said["event"])
    return failure


def _logged(line: str) -> dict[str, Any] | None:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) and {"event", "level"} <= said.keys() else None


def _error(kind: str, said: str) -> ForeseenError:
    """Return the error of a class, by its name, that says the same."""
    known = {each.__name__: each for each in _classes(ForeseenError)}
    made = known.get(kind, ForeseenError)
    try:
        return made(said)
    except (TypeError, AttributeError):  # made of more than what it says
        return ForeseenError(said)


def _classes(root: type[ForeseenError]) -> Iterator[type[ForeseenError]]:
    for child in root.__subclasses__():
        yield child
        yield from _classes(child)


def _text(value: Any) -> str:
    """Return a setting as the environment holds it."""
    return str(value) if isinstance(value, str | int | float | Path) else ",".join(map(str, value))


def sources_of(data: Any) -> list[str] | None:
    """Return the names of files; None where the data is something else. Raise SettingsError where there are none."""
    paths = [data] if isinstance(data, str | os.PathLike) else data
    if not isinstance(paths, list | tuple) or not all(isinstance(each, str | os.PathLike) for each in paths):
        return None
    if not paths:
        raise SettingsError("expected the name of a file at least, got an empty list")
    return [os.fspath(each) for each in paths]
