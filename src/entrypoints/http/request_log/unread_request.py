"""UnreadRequest: what is known of a request that is rejected before it was read, for its line of the access log."""

from time import time
from typing import TYPE_CHECKING, NamedTuple

from foreseen.entrypoints.http.request_log.access_log import AccessLine

if TYPE_CHECKING:
    from foreseen.entrypoints.http.request_log.access_log import AccessLog


class UnreadRequest(NamedTuple):
    """What was read of a request, and where its line goes.

    Attributes:
        access_log: None where there is none.
        method: empty where it was not read, as is the path.
        client: where its connection comes from.
    """

    access_log: "AccessLog | None"
    method: str = ""
    path: bytes = b""
    client: tuple[str, int] | None = None

    def log(self, status: int, size: int, request_id: bytes) -> None:
        """Have a line written of its answer; when it began to come is not known."""
        if self.access_log is not None:
            line = AccessLine(
                time(), self.method, self.path, status, None, size, self.client, request_id, None, None
            )  # fmt: skip
            self.access_log.add(line)
