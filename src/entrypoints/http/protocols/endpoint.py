"""Endpoint: how one path and method of a protocol reads instances from requests and writes predictions to answers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from starlette.datastructures import Headers
from starlette.requests import Request

from foreseen.domain.answer import Answer
from foreseen.domain.values.batch import Batch
from foreseen.entrypoints.http.requests.request_body import BodyScanner


@dataclass(frozen=True, slots=True)
class WrittenAnswer:
    """An answer as it is sent, without the headers that every protocol sends.

    Attributes:
        content_type: the whole value of Content-Type, with a charset if it is text.
        headers: headers of the protocol, by name.
    """

    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


class AnswerWriter(Protocol):
    """Writes the answer to one request, in the format that the request asks for."""

    def __call__(self, answer: Answer, /) -> WrittenAnswer:
        """Return the answer as it is sent."""


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A request that has been read.

    Attributes:
        batch: its instances, at least one.
        write: writes the answer, in a format that may depend on the rest of the request.
    """

    batch: Batch
    write: AnswerWriter


class RequestReader(Protocol):
    """Reads the requests of one endpoint."""

    def __call__(self, request: Request, body: bytes, /) -> Awaitable[ReadRequest]:
        """Read a request, of which only the body was read before.

        Args:
            body: the whole body; empty if the endpoint takes none.
        Raises:
            Rejection: the request does not follow the protocol.
            InvalidBatchError: the instances do not fit the model.
        """


@dataclass(frozen=True, slots=True)
class BodyForm:
    """The format in which an endpoint accepts bodies.

    Attributes:
        media_type: the media type as shown to clients, such as "application/json".
        accepts: returns whether a Content-Type, empty for none, is accepted.
        scanner: returns a new scanner for a request with these headers, which rejects a body with too many values
            while it arrives.
    """

    media_type: str
    accepts: Callable[[str], bool]
    scanner: Callable[[Headers], BodyScanner]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One path and method of a protocol, and how requests to it are read and answered.

    Several may have the same path and method if they take bodies: the first that accepts the Content-Type is used.

    Attributes:
        name: the operation's id in the OpenAPI document, from which generated clients name their methods.
        path: the path as a route, such as "/v2/models/{name}/infer".
        summary, docs: the summary and the rest of the operation in the OpenAPI document.
        body: the format of bodies; None if the URL has the one instance, whose answer then has an ETag.
    """

    name: str
    method: Literal["GET", "POST"]
    path: str
    summary: str
    docs: Mapping[str, object]
    read: RequestReader
    body: BodyForm | None = None
