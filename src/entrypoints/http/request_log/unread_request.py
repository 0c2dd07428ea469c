"""UnreadRequest: what is known about a request that was rejected before it was read, for the access log."""

from time import time
from typing import TYPE_CHECKING, NamedTuple

from foreseen.entrypoints.http.request_log.access_log import AccessLine

if TYPE_CHECKING:
    from foreseen.entrypoints.http.request_log.access_log import AccessLog


class UnreadRequest(NamedTuple):
    """What was read of a request, and the access log.

    Attributes:
        access_log: None if the access log is off.
        method: empty, like the path, if it was not read.
        client: address and port of the client.
    """

    access_log: "AccessLog | None"
    method: str = ""
    path: bytes = b""
    client: tuple[str, int] | None = None

    def log(self, status: int, size: int, request_id: bytes) -> None:
        """Add a line to the access log, without a duration, since the time of arrival is unknown."""
        if self.access_log is not None:
            line = AccessLine(
                time(), self.method, self.path, status, None, size, self.client, request_id, None, None
            )  # fmt: skip
            self.access_log.add(line)
