"""Problem formats: how problems are written at the paths of each protocol, from wherever in the service they come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from foreseen.entrypoints.http.counting.counted_routes import path_of_model
from foreseen.entrypoints.http.request_log.request_context import ProblemWriter

JSON_TYPE: Final = "application/json"
"""The media type of problems in every format: clients of these protocols read no other."""

_MLFLOW_CODES: Final[Mapping[object, str]] = {
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""MLflow's error codes by status; of any other status, BAD_REQUEST."""


@dataclass(frozen=True, slots=True)
class ProblemFormat:
    """How a protocol writes problems.

    Attributes:
        path: of the protocol; all below it are the protocol's as well.
        write: returns the body and the media type from the members of a problem document.
        statuses: the status that its clients expect instead of another.
    """

    path: str
    write: ProblemWriter
    statuses: Mapping[int, int] = field(default_factory=dict)


def write_error(members: Mapping[str, object]) -> tuple[bytes, str]:
    """Return a problem as clients of KServe and Triton read errors: `error`, beside its own members."""
    return msgspec.json.encode({"error": members["detail"], **members}), JSON_TYPE


def write_mlflow_problem(members: Mapping[str, object]) -> tuple[bytes, str]:
    """Return a problem as MLflow's clients read errors: `error_code` and `message`, beside its own members."""
    error_code = _MLFLOW_CODES.get(members["status"], "BAD_REQUEST")
    return msgspec.json.encode({"error_code": error_code, "message": members["detail"], **members}), JSON_TYPE


FORMATS: Final[Sequence[ProblemFormat]] = (
    ProblemFormat("/invocations", write_mlflow_problem),
    ProblemFormat("/v1", write_error),
    ProblemFormat("/v2", write_error, {422: 400}),
)


def format_of(path: str) -> ProblemFormat | None:
    """Return the format of problems at a path within the service; None for problem documents (RFC 9457) and pages."""
    path = path_of_model(path)
    return next((each for each in FORMATS if path == each.path or path.startswith(f"{each.path}/")), None)
