"""What an optional contender is, and where it is installed."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness.processes import BENCHMARKS
from harness.report import Report

ENVIRONMENTS = BENCHMARKS / ".venvs"


@dataclass(frozen=True, slots=True)
class Contender:
    """One that a benchmark can do without.

    Attributes:
        name: as tables show it.
        missing: what there is not, and how to install it; empty where it can be run.
        serve: run it, and yield the URL where flowers are posted.
    """

    name: str
    missing: str
    serve: Callable[[], AbstractContextManager[str]]


def started(contenders: Sequence[Contender], processes: ExitStack, report: Report) -> dict[str, str]:
    """Start those that are installed, until the stack is closed, and return their URLs; the report names the others."""
    report.not_measured += [contender.missing for contender in contenders if contender.missing]
    installed = [contender for contender in contenders if not contender.missing]
    return {contender.name: processes.enter_context(contender.serve()) for contender in installed}


def environment_of(name: str) -> Path:
    """Return the folder of a contender's own virtual environment: its versions are not those of Foreseen."""
    return ENVIRONMENTS / name.lower()


def missing_environment(name: str) -> str:
    """Return what to say where `make contenders` has not installed a contender, or could not."""
    if (environment_of(name) / ".installed").exists():
        return ""
    return f"{name} is missing: make contenders installs benchmarks/pins/{name.lower()}.txt"
