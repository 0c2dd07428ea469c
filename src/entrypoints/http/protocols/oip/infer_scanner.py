"""InferScanner: limits the values in the JSON of an inference request while it arrives."""

from collections.abc import Callable

from starlette.datastructures import Headers

from foreseen.entrypoints.http.protocols.oip.infer_request import HEADER_LENGTH, header_length
from foreseen.entrypoints.http.requests.request_body import BodyScanner
from foreseen.entrypoints.http.requests.row_counter import RowCounter


def infer_scanner(max_elements: int, max_values: int, max_body: int) -> Callable[[Headers], BodyScanner]:
    """Return a function that returns a new scanner for a request with these headers.

    Args:
        max_elements: most tensors of a request.
        max_values: most values of its JSON; binary data is limited by its size.
        max_body: most bytes of a body.
    """

    def scanner(headers: Headers) -> BodyScanner:
        counter = RowCounter(max_elements, max_values)
        length = headers.get(HEADER_LENGTH)
        return counter if length is None else _HeadScanner(counter, header_length(length, max_body))

    return scanner


class _HeadScanner:
    """Scans the JSON of a body alone."""

    def __init__(self, scanner: BodyScanner, length: int) -> None:
        """Accept what scans the JSON, and the length of that in bytes."""
        self._scanner = scanner
        self._left = length

    def feed(self, part: bytes) -> None:
        """Scan what of the next part is JSON; raise Rejection (413) once it holds too many values."""
        if self._left:
            head = part[: self._left]
            self._left -= len(head)
            self._scanner.feed(head)
