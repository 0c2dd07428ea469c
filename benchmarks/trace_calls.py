"""How many calls, in how many files, do a hit, a miss and one row of a table take?

That is what a reader goes through who follows one of them by "go to definition".
"""

import argparse
import asyncio
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, Final, NamedTuple

import pandas as pd
from starlette.types import ASGIApp, Message

import foreseen
from bench_parts import scope_of
from foreseen.entrypoints.http.service.application import create_service
from foreseen.settings import Settings
from foreseen.wiring.predictors import ServedModel
from foreseen.wiring.service import opened, wire_service
from harness.contenders import trained
from harness.inputs import NAMES, Flower, as_json, known_flowers

SOURCES: Final = str(Path(foreseen.__file__).parent)


class Call(NamedTuple):
    """A call of one of this package's functions."""

    file: str
    function: str


class Trace:
    """The calls that are made on all threads while they are recorded.

    A coroutine counts once, however often it is resumed, and a comprehension as part of its function.
    """

    def __init__(self) -> None:
        self._calls: list[Call] | None = None
        self._frames: set[FrameType] = set()

    def install(self) -> None:
        """See the calls of this thread, and of those that start later."""
        threading.setprofile(self._see)
        sys.setprofile(self._see)

    @contextmanager
    def recorded(self) -> Iterator[Sequence[Call]]:
        """Record calls until the block ends."""
        calls = self._calls = []
        try:
            yield calls
        finally:
            self._calls = None
            self._frames.clear()

    def _see(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if self._calls is None or event != "call" or not code.co_filename.startswith(SOURCES) or frame in self._frames:
            return
        self._frames.add(frame)  # which keeps it: no other can be mistaken for it
        if code.co_name == "<lambda>" or not code.co_name.startswith("<"):
            self._calls.append(Call(code.co_filename.removeprefix(SOURCES)[1:], code.co_qualname))


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--show", choices=("hit", "miss", "row"), help="print the calls of one of them in order")
    shown = parser.parse_args().show
    trace = Trace()
    trace.install()
    with TemporaryDirectory() as folder:
        model = trained("forest", Path(folder))
        calls = {**calls_of_requests(trace, model), "row": calls_of_row(trace, model)}
    for each in calls[shown] if shown else ():
        print(f"{each.file}: {each.function}")
    for name, made in calls.items():
        rooms = Counter(each.file.split("/")[0] for each in made)
        said = ", ".join(f"{number} in {room}" for room, number in rooms.items())
        print(f"{name}: {len(made)} calls in {len({each.file for each in made})} files ({said})")


def calls_of_requests(trace: Trace, model: Path) -> Mapping[str, Sequence[Call]]:
    """Trace one POST that L1 answers, and one that the model answers; the cache is L1 alone."""
    settings = Settings(model=model, features=NAMES, cache="lru")
    wiring = wire_service(settings, ServedModel(settings).loaded())
    service = create_service(wiring)
    known, first, new, *_ = known_flowers()

    async def traced() -> Mapping[str, Sequence[Call]]:
        async with opened(wiring):
            for flower in (known, first):  # the first miss starts the model's thread
                await post(service, flower)
            await wiring.predict.finish()  # else its work for the first would be seen as that for the next
            with trace.recorded() as hit:
                await post(service, known)
            with trace.recorded() as miss:
                await post(service, new)
            return {"hit": hit, "miss": miss}

    return asyncio.run(traced())


def calls_of_row(trace: Trace, model: Path) -> Sequence[Call]:
    """Trace how one row of a table is scored, which goes as one of a file, but for the format of the file."""
    known, new, *_ = (pd.DataFrame([flower]) for flower in known_flowers())
    with foreseen.load(model, features=NAMES, cache="lru") as loaded:
        loaded.score(known)
        with trace.recorded() as row:
            loaded.score(new)
    return row


async def post(app: ASGIApp, flower: Flower) -> None:
    """Call an application with a request as uvicorn hands it on, and see that it answers."""
    body = as_json(flower).encode()
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope_of("POST"), receive, send)
    if sent[0]["status"] != HTTPStatus.OK:
        raise SystemExit(f"expected status 200 for {flower}, got {sent}")


if __name__ == "__main__":
    main()
