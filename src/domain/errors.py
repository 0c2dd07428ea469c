"""Everything that can go wrong, and whose fault it is.

ForeseenError
├── InvalidBatchError        the caller's fault: names, types, shapes, non-finite values, a rejection by the model
├── ModelUnavailableError    no model is loaded yet, or it cannot be read
├── PredictionError          the model failed on a valid batch
│   ├── UnanswerableError        it answered with a value that JSON cannot express
│   ├── ModelEndedError          the process that it computes in ended before it had answered
│   └── FailedRowError           it failed on a row of a file in which none may fail
├── NotCachedError           the caller wanted a cached answer or none, and no cache holds it
├── OverloadedError          the model queue is full; says when to try again
├── DeadlineExceededError    the deadline passed before the answer was ready
├── TableError               a file to score cannot be read as a table, or its result cannot be written
│   ├── UnwritableError          the result cannot be written
│   └── TooManyRejectsError      more of its rows cannot be scored than the caller allows
└── CacheError               never reaches a caller of predict: a cache may fail, an answer may not
    ├── CacheUnavailableError    the tier is unreachable or too slow
    └── CorruptEntryError        bytes came back that do not verify

TerminatedError, a SystemExit, is none of them: a signal ends the process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MISSING_HINT: Final = "if it may be missing, declare missing = true for it in the sidecar"
"""The hint for a missing value that is rejected."""


class ForeseenError(Exception):
    """The root of every error that Foreseen raises."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with what a caller sent, and where.

    Attributes:
        expected: what would have been right, as a noun phrase.
        got: what was sent instead, cut to a readable length.
        row: index of the instance in its batch; None if it concerns the whole batch.
        feature: name of the feature; None if it concerns the whole instance.
        position: indices into a tensor feature, outermost first.
        hint: a suggestion; empty if there is none.
    """

    expected: str
    got: str
    row: int | None = None
    feature: str | None = None
    position: tuple[int, ...] = ()
    hint: str = ""

    def __str__(self) -> str:
        """Return it in one line, without its place."""
        said = f"expected {self.expected}, got {self.got}"
        return f"{said}; {self.hint}" if self.hint else said


class InvalidBatchError(ForeseenError):
    """The caller sent what the model cannot accept; `violations` says what and where, in order."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        super().__init__("; ".join(map(str, violations)))

    def __reduce__(self) -> tuple[type, tuple[tuple[Violation, ...]]]:
        """Pickle the violations; the message is rebuilt from them."""
        return type(self), (self.violations,)


class ModelUnavailableError(ForeseenError):
    """No model is available: the file is missing, rejected, not a model, or does not reveal its input."""


class ModelRestartingError(ModelUnavailableError):
    """The model's process has ended, and another could not start; the next attempt is in `retry_after_s` seconds."""

    def __init__(self, said: str, retry_after_s: float) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s


class PredictionError(ForeseenError):
    """The model failed on a batch that was valid."""


class UnanswerableError(PredictionError):
    """The model answered with a value that JSON cannot express; at load, such a model is rejected."""


class ModelEndedError(PredictionError):
    """The process that the model computes in ended before it had answered."""


class FailedRowError(PredictionError):
    """The model failed on a row of a file, and the caller allows no row to fail."""


class NotCachedError(ForeseenError):
    """The caller wanted a cached answer or none, and no cache holds it."""


class OverloadedError(ForeseenError):
    """The model queue is full; it should have room in about `retry_after_s` seconds."""

    def __init__(self, said: str, retry_after_s: float) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s


class DeadlineExceededError(ForeseenError):
    """The deadline passed before the answer was ready."""


class TableError(ForeseenError):
    """A file to score cannot be read as a table, or the result cannot be written."""


class UnwritableError(TableError):
    """A result cannot be written; what was written before is intact."""


class TooManyRejectsError(TableError):
    """More rows cannot be scored than the caller allows."""


class CacheError(ForeseenError):
    """A cache failed; nothing is known about the keys that were looked up."""


class CacheUnavailableError(CacheError):
    """The tier is unreachable or too slow, or rejects commands.

    Attributes:
        kind: a stable name of the failure, whatever its message says; empty if it has none.
        needs_operator: whether it lasts until an operator changes a configuration.
    """

    def __init__(self, said: str, *, kind: str = "", needs_operator: bool = False) -> None:
        super().__init__(said)
        self.kind = kind
        self.needs_operator = needs_operator


class Corruption(StrEnum):
    """What is wrong with a corrupt entry."""

    FOREIGN = "foreign"
    """Not an entry of any format."""
    VERSION = "version"
    """An entry of another format."""
    SEAL = "seal"
    """Changed on the way, or sealed for another key or with another secret."""
    SIZE = "size"
    """Larger than any entry that is stored; not read to its end."""
    TYPE = "type"
    """Not a string: a miss when it is looked up, counted when it is overwritten."""


class Outage(StrEnum):
    """What disables a tier."""

    FAILURE = "failure"
    """A call failed, or its reply was invalid."""
    SLOWNESS = "slowness"
    """Too many calls exceeded their time budget."""


class CorruptEntryError(CacheError):
    """The bytes under a key are not an entry of that key; `what` says why."""

    def __init__(self, said: str, what: Corruption) -> None:
        super().__init__(said)
        self.what = what


class TerminatedError(SystemExit):
    """SIGTERM ends the process; its handler raises this wherever the main thread is, even in a model's code."""
