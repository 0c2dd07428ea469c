"""What a service answers to instances, and whether the library that saved its model answers the same."""

import http.client
import json
import math
import sys
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

HIT = "foreseen; hit; detail=L1"
CLOSE = 1e-4
"""What two numbers of a network may differ by: a row of a batch is computed in another order than one alone."""


class Answer(NamedTuple):
    """A prediction, and the Cache-Status that came with it."""

    prediction: object
    status: str


def answers_to(url: str, bodies: Sequence[str]) -> list[Answer]:
    """Post instances over one connection, one after the other; exit where a status is not 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    answers = []
    for body in bodies:
        connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        said = reply.read()
        if reply.status != http.client.OK:
            sys.exit(f"expected status 200 for {body}, got {reply.status}: {said.decode()}")
        answers.append(Answer(json.loads(said)["prediction"], reply.headers.get("Cache-Status", "")))
    connection.close()
    return answers


def check_answers(url: str, bodies: Sequence[str], expected: Sequence[object]) -> None:
    """Exit where a service answers otherwise than the library."""
    for body, answer, wanted in zip(bodies, answers_to(url, bodies), expected, strict=True):
        if not is_same(answer.prediction, wanted):
            sys.exit(f"expected {wanted} for {body}, as its library answers, got {answer.prediction}")


def check_hits(url: str, bodies: Sequence[str]) -> None:
    """Exit where an instance is not in L1."""
    for body, answer in zip(bodies, answers_to(url, bodies), strict=True):
        if answer.status != HIT:
            sys.exit(f"expected Cache-Status {HIT!r} for {body}, got {answer.status!r}")


def is_same(one: object, other: object) -> bool:
    """Whether two answers are the same, but for the last digits of numbers."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
    return one == other
