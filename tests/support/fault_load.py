"""Clients that go on sending during a fault, and compare every answer with the model's own."""

import http.client
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from sklearn.linear_model import LinearRegression

from support.models import save
from support.time_limits import PATIENCE_S

LONG_S = float(os.environ.get("FORESEEN_TEST_FAULTS_S", "0"))
"""Seconds of each fault in the long form, `make faults`; 0 for the short one."""

HOT = range(16)
"""Numbers that are requested so often that L1 holds them."""

WARM = range(100, 400) if LONG_S else range(100, 148)
"""Numbers that are requested so rarely that L1 has lost them, and L2 has them."""

FACTOR, OFFSET = 1.5, 0.25
"""Of the model: exact in binary, as are its answers."""

L1_ENTRIES = 512 if LONG_S else 128
FIRST_FRESH = 1000
CLIENTS = 3
PAUSE_S = 0.006 if LONG_S else 0.03
"""Between two requests of a client: what they measure takes many, what they show takes few."""


class Asked(Enum):
    """What is requested, and where the answer is when all is well."""

    HIT = "hit in L1"
    WARM = "hit in L2"
    MISS = "miss"
    BATCH = "batch of them"


CYCLE = [Asked.HIT, Asked.MISS, Asked.WARM, Asked.HIT, Asked.MISS, Asked.BATCH]


def telling_model(folder: Path) -> Path:
    """Save a model that gives another answer to each number, so that none can be taken for another."""
    model = LinearRegression().fit([[0.0], [1.0]], answer(np.array([0.0, 1.0])))
    model.coef_, model.intercept_ = np.array([FACTOR]), OFFSET  # what fitting found is this but for its last bits
    return save(model, folder)


def answer(numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the model's own answers."""
    return numbers * FACTOR + OFFSET


def body_of(numbers: list[int]) -> dict[str, object]:
    """Return the reply that a request for one number, or for several, must have."""
    said: list[dict[str, object]] = [{"prediction": float(each)} for each in answer(np.array(numbers, dtype=float))]
    return said[0] if len(said) == 1 else {"predictions": said}


@dataclass
class Seen:
    """What came of the requests so far.

    Attributes:
        seconds: that each took, by what was requested.
        wrong: answers that were not the model's own, as they came.
        failed: requests that were not answered by 200, as status and body.
        origins: how often a Cache-Status said what.
    """

    seconds: dict[Asked, list[float]] = field(default_factory=lambda: {asked: [] for asked in Asked})
    wrong: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    origins: Counter[str] = field(default_factory=Counter)

    @property
    def answered(self) -> int:
        """How many requests were answered."""
        return sum(map(len, self.seconds.values()))

    @property
    def is_enough(self) -> bool:
        """Whether something of every kind was answered."""
        return all(self.seconds[asked] for asked in Asked)

    def quantile_ms(self, asked: Asked, share: float) -> float:
        """Return the milliseconds within which that share of the requests was answered."""
        return float(np.quantile(self.seconds[asked], share)) * 1000


class FaultLoad:
    """Sends hits, misses and batches over connections of its own; `seen` may be taken away at any time."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._fresh = count(FIRST_FRESH)
        self._hot, self._warm = count(), count()
        self._ended = threading.Event()
        self._clients = [threading.Thread(target=self._ask_on, daemon=True) for _ in range(CLIENTS)]
        self.seen = Seen()

    def taken(self) -> Seen:
        """Return what was seen since the last time, and begin again."""
        seen, self.seen = self.seen, Seen()
        return seen

    def start(self) -> None:
        """Begin to send."""
        for client in self._clients:
            client.start()

    def stop(self) -> None:
        """End; an error of ours in a client is one of the test."""
        self._ended.set()
        for client in self._clients:
            client.join(PATIENCE_S)
            assert not client.is_alive(), "a request is not answered"

    def _ask_on(self) -> None:
        connection = http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=PATIENCE_S)
        while not self._ended.is_set():
            for asked in CYCLE:
                self._ask(connection, asked, self._numbers(asked))
                time.sleep(PAUSE_S)
        connection.close()

    def _numbers(self, asked: Asked) -> list[int]:
        number = next(self._fresh)
        hot, warm = HOT[next(self._hot) % len(HOT)], WARM[next(self._warm) % len(WARM)]
        return {
            Asked.HIT: [hot],
            Asked.WARM: [warm],
            Asked.MISS: [number],
            Asked.BATCH: [hot, warm, number, *(next(self._fresh) for _ in range(5))],
        }[asked]

    def _ask(self, connection: http.client.HTTPConnection, asked: Asked, numbers: list[int]) -> None:
        seen, began = self.seen, time.perf_counter()
        try:
            if len(numbers) == 1:
                connection.request("GET", f"/predict?x0={numbers[0]}")
            else:
                said = json.dumps({"instances": [[number] for number in numbers]})
                connection.request("POST", "/predict", said, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            body = reply.read()
        except (OSError, http.client.HTTPException) as exc:
            connection.close()
            seen.failed.append(repr(exc))
            return
        seen.seconds[asked].append(time.perf_counter() - began)
        if reply.status != 200:
            seen.failed.append(f"{reply.status} {body!r}")
        elif json.loads(body) != body_of(numbers):
            seen.wrong.append(f"{numbers}: {body!r}")
        seen.origins[reply.headers["Cache-Status"]] += 1


@contextmanager
def fault_load(url: str) -> Iterator[FaultLoad]:
    """Send requests to a service until the block ends."""
    load = FaultLoad(url)
    load.start()
    try:
        yield load
    finally:
        load.stop()
