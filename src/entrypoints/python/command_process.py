"""The command `foreseen score` in a process of its own: its output is shown here, and its error is raised here."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from foreseen.domain.errors import ForeseenError
from foreseen.entrypoints.python.file_arguments import as_in_python
from foreseen.settings import SettingsError
from foreseen.settings.setting_sources import ENV_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable

Line = Mapping[str, object]
"""A line of the command's log."""

log = logging.getLogger("foreseen")


def run_score(
    files: Sequence[str], options: Sequence[str], settings: Mapping[str, object], *, wording: Callable[[Line], str]
) -> None:
    """Run `foreseen score` to its end; its progress is shown here.

    Args:
        files: the model, and the inputs.
        options: the options of the command.
        settings: by name; passed in the environment, since other users may read a command line.
        wording: returns the text to log here for a line of its log; empty to leave it out.
    Raises:
        SettingsError: a word contains a NUL, which no command line can.
        ForeseenError: the error that ended the run.
    """
    given = {ENV_PREFIX + name.upper(): _text(value) for name, value in settings.items() if value is not None}
    for word in (*files, *options):
        if "\0" in word:
            raise SettingsError(f"{word!r}: expected text without a NUL in it")
    command = [sys.executable, "-m", "foreseen", "score", *options, "--log-format", "json", "--", *files]
    environment = {**os.environ, **given}
    # A model's libraries may write bytes to standard error that are not text.
    with subprocess.Popen(  # noqa: S603
        command, env=environment, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        assert process.stderr is not None  # noqa: S101 - it is a pipe
        try:
            failure = followed(process.stderr, wording)
            code = process.wait()
        except BaseException:  # such as Ctrl-C
            _stop(process)
            raise
    if failure is not None:
        raise failure
    if code not in (0, 3):  # all rows were scored, or some of them rejected
        raise ForeseenError(f"foreseen score: expected the command to complete, got exit code {code}")


def _stop(process: "subprocess.Popen[str]") -> None:
    """Stop the command where another run can resume, and wait for its end, before its files are removed or resumed.

    A second Ctrl-C kills it.
    """
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate()  # `wait` would deadlock once its pipe is full
    except BaseException:
        process.kill()
        process.wait()
        raise


def followed(lines: Iterator[str], wording: Callable[[Line], str]) -> ForeseenError | None:
    """Show what a run writes until it ends: progress unchanged, its log as ours; return the error that ended it."""
    failure: ForeseenError | None = None
    for line in lines:
        said = _logged(line)
        if said is None:
            print(line, end="", file=sys.stderr, flush=True)  # noqa: T201
        elif {"rows", "wall_seconds"} <= said.keys():  # the summary, where progress is shown
            print(f"scored {said['rows']:,} rows in {said['wall_seconds']:.1f} s", file=sys.stderr)  # noqa: T201
        elif text := as_in_python(wording(said)):
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
    """Return an error of the named class with this message; a ForeseenError if the class cannot be made from it."""
    known = {each.__name__: each for each in _classes(ForeseenError)}
    made = known.get(kind, ForeseenError)
    try:
        error = made(said)
    except (TypeError, AttributeError):
        return ForeseenError(said)
    return error if str(error) == said else ForeseenError(said)  # its class words a message of its own


def _classes(root: type[ForeseenError]) -> Iterator[type[ForeseenError]]:
    for child in root.__subclasses__():
        yield child
        yield from _classes(child)


def _text(value: object) -> str:
    """Return the text of a setting for an environment variable."""
    if isinstance(value, str | int | float | Path):
        return str(value)
    return ",".join(map(str, cast("Iterable[object]", value)))
