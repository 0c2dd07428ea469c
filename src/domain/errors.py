"""Everything that can go wrong, and whose fault it is.

ForeseenError
├── InvalidBatchError        the caller's fault: names, types, shapes, non-finite values, a refusal by the model
├── ModelUnavailableError    no model is loaded yet, or it cannot be read
├── PredictionError          the model failed on a valid batch
│   ├── UnanswerableError        it answered with what JSON has no form for
│   ├── ModelEndedError          the process that it computes in ended before it had answered
│   └── FailedRowError           it failed on a row of a file in which none may fail
├── NotCachedError           the caller wanted a cached answer or none, and no cache holds it
├── OverloadedError          too much waits for the model already; says when to ask again
├── DeadlineExceededError    the time of the caller was over first
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

MISSING_HINT: Final = "if it may be missing, say missing = true for it in the sidecar"
"""What to do where a missing value is refused."""


class ForeseenError(Exception):
    """The root of every error that Foreseen words itself."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with what a caller sent, and where.

    Attributes:
        expected: what would have been right, as a noun phrase.
        got: what was sent instead, as a reader would recognise it.
        row: number of the instance in its batch, from 0; None when it concerns the whole.
        feature: name of the feature; None when it concerns the whole instance.
        position: indices into a tensor feature, outermost first.
        hint: a suggestion, or nothing.
    """

    expected: str
    got: str
    row: int | None = None
    feature: str | None = None
    position: tuple[int, ...] = ()
    hint: str = ""

    def __str__(self) -> str:
        """Word the flaw in one line, without its place."""
        said = f"expected {self.expected}, got {self.got}"
        return f"{said}; {self.hint}" if self.hint else said


class InvalidBatchError(ForeseenError):
    """The caller sent what the model cannot take; `flaws` says what and where, the first first."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        self.flaws = tuple(flaws)
        super().__init__("; ".join(map(str, flaws)))

    def __reduce__(self) -> tuple[type, tuple[tuple[Flaw, ...]]]:
        """Pickle the flaws, of which the message is made again."""
        return type(self), (self.flaws,)


class ModelUnavailableError(ForeseenError):
    """No model can be had: the file is missing, refused, no model, or does not say what it takes."""


class ModelRestartingError(ModelUnavailableError):
    """The model's process has ended, and another could not start; in `retry_after_s` seconds, one more is tried."""

    def __init__(self, said: str, retry_after_s: float) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s


class PredictionError(ForeseenError):
    """The model failed on a batch that was valid."""


class UnanswerableError(PredictionError):
    """The model answered with what JSON has no form for; found when it is loaded, the model is refused."""


class ModelEndedError(PredictionError):
    """The process that the model computes in ended before it had answered."""


class FailedRowError(PredictionError):
    """The model failed on a row of a file, and the caller allows no row to fail."""


class NotCachedError(ForeseenError):
    """The caller wanted a cached answer or none, and no cache holds it."""


class OverloadedError(ForeseenError):
    """Too much waits for the model already; `retry_after_s` seconds from now that will have been computed, about."""

    def __init__(self, said: str, retry_after_s: float) -> None:
        super().__init__(said)
        self.retry_after_s = retry_after_s


class DeadlineExceededError(ForeseenError):
    """The time of the caller was over before its answer was there."""


class TableError(ForeseenError):
    """A file to score cannot be read as a table, or the result cannot be written."""


class UnwritableError(TableError):
    """A result cannot be written; what was written so far is no worse for it."""


class TooManyRejectsError(TableError):
    """More rows cannot be scored than the caller allows."""


class CacheError(ForeseenError):
    """A cache failed; nothing is known about the keys that were looked up."""


class CacheUnavailableError(CacheError):
    """The tier is unreachable or too slow, or rejects commands.

    Attributes:
        kind: what it is known as, whatever the details in its words; empty for what has no name.
        needs_operator: whether it lasts until somebody changes a configuration.
    """

    def __init__(self, said: str, *, kind: str = "", needs_operator: bool = False) -> None:
        super().__init__(said)
        self.kind = kind
        self.needs_operator = needs_operator


class Corruption(StrEnum):
    """What is wrong with bytes that are no entry of ours under their key."""

    FOREIGN = "foreign"
    """No entry of any format."""
    VERSION = "version"
    """An entry of another format."""
    SEAL = "seal"
    """Changed on the way, or sealed for another key or with another secret."""
    SIZE = "size"
    """Larger than any entry that is stored; not read to its end."""
    TYPE = "type"
    """Of a type that no entry has: a miss when it is looked up, counted when it is overwritten."""


class Outage(StrEnum):
    """What disables a tier."""

    FAILURE = "failure"
    """A call failed, or what came back was no answer to it."""
    SLOWNESS = "slowness"
    """Too many calls overran their budget."""


class CorruptEntryError(CacheError):
    """Bytes came back that are no entry of ours under that key; `what` says why not."""

    def __init__(self, said: str, what: Corruption) -> None:
        super().__init__(said)
        self.what = what


class TerminatedError(SystemExit):
    """SIGTERM ends the process; its handler raises this wherever the main thread is, amid a model's code too."""
