"""The command `foreseen score` in a process of its own: what it writes is shown here, its error is raised here."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from foreseen.domain.errors import ForeseenError
from foreseen.entrypoints.python.file_arguments import as_in_python
from foreseen.settings import SettingsError
from foreseen.settings.setting_sources import ENV_PREFIX

Line = Mapping[str, Any]
"""A line of the command's log."""

log = logging.getLogger("foreseen")


def run_score(
    files: Sequence[str], options: Sequence[str], settings: Mapping[str, Any], *, heard: Callable[[Line], str]
) -> None:
    """Run `foreseen score` to its end; its progress is shown here.

    Args:
        files: the model, and the inputs.
        options: the options of the command.
        settings: by name; none of them is on the command line, which other users may read.
        heard: returns what a line of its log says here; nothing for a line that is left out.
    Raises:
        SettingsError: one is no text that a command can have.
        ForeseenError: the error that ended the run.
    """
    given = {ENV_PREFIX + name.upper(): _text(value) for name, value in settings.items() if value is not None}
    for word in (*files, *options):
        if "\0" in word:
            raise SettingsError(f"{word!r}: expected text without a NUL in it")
    command = [sys.executable, "-m", "foreseen", "score", *options, "--log-format", "json", "--", *files]
    environment = {**os.environ, **given}
    # Libraries of a model may write what is no text to standard error.
    with subprocess.Popen(  # noqa: S603
        command, env=environment, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        assert process.stderr is not None  # noqa: S101 - it is a pipe
        try:
            failure = followed(process.stderr, heard)
            code = process.wait()
        except BaseException:  # such as Ctrl-C
            _stop(process)
            raise
    if failure is not None:
        raise failure
    if code not in (0, 3):  # all rows were scored, or some rejected
        raise ForeseenError(f"foreseen score: expected it to come to its end, got exit code {code}")


def _stop(process: "subprocess.Popen[str]") -> None:
    """Have the command stop where another run can go on, and wait for it: what it writes is removed or resumed next.

    A second Ctrl-C ends it at once.
    """
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate()  # and not `wait`: what it says until then has to go somewhere
    except BaseException:
        process.kill()
        process.wait()
        raise


def followed(lines: Iterator[str], heard: Callable[[Line], str]) -> ForeseenError | None:
    """Show what a run writes until it ends: lines of progress as they are, its log as our own; return its error."""
    failure: ForeseenError | None = None
    for line in lines:
        said = _logged(line)
        if said is None:
            print(line, end="", file=sys.stderr, flush=True)  # noqa: T201
        elif {"rows", "wall_seconds"} <= said.keys():  # the summary, where progress is shown
            print(f"scored {said['rows']:,} rows in {said['wall_seconds']:.1f} s", file=sys.stderr)  # noqa: T201
        elif text := as_in_python(heard(said)):
            if said.get("error"):  # a summary has none
                failure = error_of(str(said["error"]), text)
            else:
                log.log(logging.getLevelNamesMapping().get(str(said["level"]).upper(), logging.INFO), "%s", text)
    return failure


def _logged(line: str) -> Line | None:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) and {"event", "level"} <= said.keys() else None


def error_of(kind: str, said: str) -> ForeseenError:
    """Return the error of a class, by its name, that says the same."""
    known = {each.__name__: each for each in _classes(ForeseenError)}
    made = known.get(kind, ForeseenError)
    try:
        error = made(said)
    except (TypeError, AttributeError):
        return ForeseenError(said)
    return error if str(error) == said else ForeseenError(said)  # of one that is made of something else


def _classes(root: type[ForeseenError]) -> Iterator[type[ForeseenError]]:
    for child in root.__subclasses__():
        yield child
        yield from _classes(child)


def _text(value: Any) -> str:
    """Return a setting as the environment holds it."""
    return str(value) if isinstance(value, str | int | float | Path) else ",".join(map(str, value))
