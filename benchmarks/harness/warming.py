"""Flowers that are posted before anything is timed, so that they are known."""

import http.client
from collections.abc import Sequence
from urllib.parse import urlsplit

from harness.forms import form_of
from harness.inputs import Flower


def warm(url: str, flowers: Sequence[Flower]) -> str:
    """Post each flower, and the first once more; give the Cache-Status of that one, empty where there is none."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    status = ""
    for sent in map(form_of(url).body, [*flowers, flowers[0]]):
        connection.request("POST", parts.path, sent, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        said = reply.read()
        if reply.status != http.client.OK:
            raise SystemExit(f"expected status 200 for {sent}, got {reply.status}: {said.decode()}")
        status = reply.headers.get("Cache-Status", "")
    connection.close()
    return status


def warm_to(url: str, flowers: Sequence[Flower], *, expected: str) -> None:
    """Warm Foreseen, and see that it answers from where it is to be measured."""
    if (status := warm(url, flowers)) != expected:
        raise SystemExit(f"expected Cache-Status {expected!r} after warming, got {status!r}")
