"""Errors of a store in one line: what its library says, and what to do about it."""

from collections.abc import Callable
from typing import Final, TypeVar

from foreseen.adapters.tabular.remote.urls import is_http, shown_url, without_secrets
from foreseen.domain.errors import TableError

Result = TypeVar("Result")

_NOT_THERE: Final = (404, 410)
_NOT_ALLOWED: Final = (401, 403)
_MAX_CHARACTERS: Final = 300


def answer_of(url: str, what: Callable[[], Result], *, done: str = "read") -> Result:
    """Return the result of a call of a store; raise TableError if it fails, with the library's message in one line.

    Args:
        done: what the call does with the file, for the message: "read", "written".
    """
    try:
        return what()
    except TableError:
        raise
    except FileNotFoundError as exc:
        # Over HTTP fsspec reports every failure as a missing file; the cause is what happened.
        cause = exc.__cause__ if is_http(url) else None
        if cause is not None and _status(cause) not in _NOT_THERE:
            raise _failed(url, cause, done) from exc
        if done == "read":
            raise TableError(f"{shown_url(url)}: expected a file of rows, got no such file") from None
        raise TableError(f"{shown_url(url)}: cannot be {done}: there is no such bucket or folder") from exc
    except Exception as exc:
        raise _failed(url, exc, done) from exc


def _failed(url: str, exc: BaseException, done: str) -> TableError:
    advice = "; check the credentials and what they allow" if _is_forbidden(exc) else ""
    return TableError(f"{shown_url(url)}: cannot be {done}: {_said(exc)}{advice}")


def _said(exc: BaseException) -> str:
    status = _status(exc)
    if status is not None:  # an HTTP error, whose message would show the whole URL
        return f"the server answers {status} {getattr(exc, 'message', '')}".rstrip()
    if isinstance(exc, TimeoutError) and not str(exc):
        return "no answer in time"
    said = without_secrets(" ".join(str(exc).split())) or type(exc).__name__
    return said if len(said) <= _MAX_CHARACTERS else f"{said[:_MAX_CHARACTERS]}…"


def _status(exc: BaseException) -> int | None:
    """Return the status in an HTTP error; None for other errors."""
    status = getattr(exc, "status", None)
    return status if isinstance(status, int) and status >= 400 else None


def _is_forbidden(exc: BaseException) -> bool:
    return isinstance(exc, PermissionError) or _status(exc) in _NOT_ALLOWED
