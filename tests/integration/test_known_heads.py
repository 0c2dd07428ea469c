"""Known heads in several workers: each knows its own, and all answer as a service that parses every request."""

import re
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from support.byte_client import wire_to
from support.models import IRIS_NAMES
from support.processes import Served, served

PARSES_ALL: Final = ("--access-log", "on", "--trusted-proxies", "127.0.0.1")
"""Settings for which each request is looked at: where it comes from may change with each."""

CONNECTIONS: Final = 24
"""So many that each worker accepts several."""

HOST: Final = b"Host: localhost\r\n"
BODY: Final = b'{"instances":[[5,3,1,0.25],[5,3,1,0.5]]}'
QUERY: Final = "&".join(f"{name}={number}" for name, number in zip(IRIS_NAMES, (5, 3, 1, 0.25), strict=True)).encode()
REQUESTS: Final = (
    b"POST /predict HTTP/1.1\r\n%bContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
    % (HOST, len(BODY), BODY),
    b"GET /predict?%b HTTP/1.1\r\n%b\r\n" % (QUERY, HOST),
    b"GET /predict?%b HTTP/1.1\r\n%bX-Request-Id: abc\r\n\r\n" % (QUERY, HOST),
)
LAST: Final = b"GET /livez HTTP/1.1\r\n%bConnection: close\r\n\r\n" % HOST
_DIFFERS: Final = rb"(?i)(?<=x-request-id: )[0-9a-f]{32}|(?<=\ndate: )[^\r]+|(?<=\nage: )\d+|(?<=max-age=)\d+"


def answers(running: Served) -> list[bytes]:
    """Send every request several times over each of many connections; return all answers but what differs."""
    received: list[bytes] = []
    for _ in range(CONNECTIONS):
        with wire_to(running.url) as wire:
            for request in REQUESTS:
                for count in (1, 1, 3):  # the entry, the head, and requests that come in one read
                    wire.send(request * count)
                    while not has_come(wire.came, count):
                        assert not wire.is_closed(within_s=60.0), wire.came
                    received += [b"HTTP/1.1 " + each for each in wire.came.split(b"HTTP/1.1 ")[1:]]
                    wire.came = b""
    return [re.sub(_DIFFERS, b"...", each) for each in received]


def has_come(answers: bytes, count: int) -> bool:
    """Return whether so many answers have come, the last of them whole."""
    heads, _, body = answers.rpartition(b"\r\n\r\n")
    lengths = re.findall(rb"(?i)\ncontent-length: (\d+)", heads)
    return answers.count(b"HTTP/1.1 200 OK\r\n") == len(lengths) == count and len(body) == int(lengths[-1])


def hits_counted(running: Served) -> int:
    families = text_string_to_metric_families(running.get("/metrics").text)
    return int(sum(s.value for family in families for s in family.samples if s.name == "foreseen_hits_total"))


def test_workers_that_know_heads_answer_as_those_that_parse(flower_model: Path) -> None:
    with (
        served(flower_model, "--workers", "2") as knowing,
        served(flower_model, "--workers", "2", *PARSES_ALL) as parsing,
    ):
        known, parsed = answers(knowing), answers(parsing)
        hits = [each for each in known if b"; hit; " in each]

        assert len(known) == len(parsed) == CONNECTIONS * len(REQUESTS) * 5
        assert set(hits) == {each for each in parsed if b"; hit; " in each}
        assert len(hits) > 0.9 * len(known)
        assert hits_counted(knowing) == sum(2 if b'"predictions"' in each else 1 for each in hits)
