"""What does one hit cost inside the process, by part, and a cheap model call, by where it runs?"""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter_ns
from typing import Any
from urllib.parse import urlencode

from foreseen.domain.predict import Predict
from foreseen.entrypoints.http.request_log.request_ids import made
from foreseen.entrypoints.http.requests.instance_schema import InstanceSchema
from foreseen.entrypoints.http.requests.made_types import adapter_of
from foreseen.entrypoints.http.requests.plain_request_reader import QuickReader
from foreseen.settings import Settings
from harness.apps import bare
from harness.call_places import add_places, calls_by_place
from harness.contenders import trained
from harness.inputs import NAMES, as_json, known_flowers
from harness.options import read_options
from harness.report import Report
from harness.rounds import Rounds, in_turn

SAMPLES, CALLS = 50, 1_000
"""Samples a round, and calls a sample."""

FLOWER = known_flowers()[0]
BODY = as_json(FLOWER).encode()
QUERY = urlencode(FLOWER).encode()

Samples = list[float]
"""Microseconds a call, of each sample."""


def main() -> None:
    options = read_options(str(__doc__), seconds=None, rounds=5)
    # Not before: these bring scikit-learn and all else with them, and --help has no use for it.
    from foreseen.entrypoints.http.service.application import create_service
    from foreseen.entrypoints.http.service.current_service import Front, Served
    from foreseen.wiring.predictors import ServedModel
    from foreseen.wiring.service import wire_service

    report = Report(options.name, options.command)
    with TemporaryDirectory() as folder:
        places = calls_by_place(trained("logistic", Path(folder)))
        settings = Settings(model=trained("forest", Path(folder)), features=NAMES, cache="lru")
        wiring = wire_service(settings, ServedModel(settings).loaded())
        service = create_service(wiring)
    # Around bare, of which so small a part is not lost in what the rest varies by.
    front = Front(Served(wiring, bare.app), lambda _, previous: Served(previous, bare.app))
    apps = {"bare": bare.app, "foreseen": service, "bare behind the front": front}
    measures = {
        **calls_of_parts(wiring.predict, settings),
        **{f"{name}, {method}": requests(app, method) for name, app in apps.items() for method in ("POST", "GET")},
    }
    asyncio.run(ask(service, "POST", times=2))
    in_turn(measures, 1)
    add_tables(report, in_turn(measures, options.rounds))
    in_turn(places, 1)
    add_places(report, in_turn(places, options.rounds))
    report.finish()


def calls_of_parts(predict: Predict, settings: Settings) -> Mapping[str, Callable[[], Samples]]:
    """Give how each part is measured by itself."""
    signature = predict.predictor.info.signature
    reader = QuickReader(signature, predict.recipe, max_rows=settings.max_rows)
    validate = adapter_of(InstanceSchema(signature).type).validator.validate_json
    values = list(FLOWER.values())
    key = predict.recipe.key(values)

    def count(took_ns: int) -> None:
        predict.tally.count_l1_hit(1, 100, took_ns)

    return {
        "validate": lambda: samples(lambda: validate(BODY)),
        "key": lambda: samples(lambda: predict.recipe.key(values)),
        "read body": lambda: samples(lambda: reader.of_body(BODY)),
        "read query": lambda: samples(lambda: reader.of_query(QUERY)),
        "peek": lambda: samples(lambda: predict.peek(key)),
        "request id": lambda: samples(made),
        "counts, and how long it took": lambda: samples(lambda: count(perf_counter_ns() - perf_counter_ns())),
        "nothing": lambda: samples(lambda: None),
    }


def add_tables(report: Report, found: Rounds[Samples]) -> None:
    """Add what was measured, and the parts of a hit that follow from it."""
    table = report.table("Calls in one process, no socket", "call", "us, median", "us, p99", "n")
    pooled = {name: [sample for each in rounds for sample in each] for name, rounds in found.of.items()}
    for name, every in pooled.items():
        table.rows.append(
            [name, f"{median(every):.2f}", f"{quantiles(every, n=100)[-1]:.2f}", f"{len(every) * CALLS:,}"]
        )
    us = {name: median(every) for name, every in pooled.items()}
    timing = us["nothing"]
    for method, reading in (("POST", "read body"), ("GET", "read query")):
        whole, reply = us[f"foreseen, {method}"], us[f"bare, {method}"]
        read, key, peek = (us[name] - timing for name in (reading, "key", "peek"))
        named, counted = (us[name] - timing for name in ("request id", "counts, and how long it took"))
        validate = us["validate"] - timing if method == "POST" else 0.0
        parts = {
            "parse and validate, by pydantic": validate,
            "key": key,
            "the rest of reading the request": read - validate - key,
            "peek": peek,
            "two messages to the server, as bare sends them": reply,
            "request id": named,
            "counts, and how long it took": counted,
            "path, headers, and the reply's own headers": whole - read - peek - reply - named - counted,
            "all of it": whole,
            "the front before it": us[f"bare behind the front, {method}"] - reply,
        }
        table = report.table(f"One hit by {method}, by part", "part", "us", "of all")
        table.rows += [[name, f"{part:.2f}", f"{part / whole:.0%}"] for name, part in parts.items() if part]


def samples(call: Callable[[], object]) -> Samples:
    """Time calls."""

    def one() -> float:
        start = time.perf_counter_ns()
        for _ in range(CALLS):
            call()
        return (time.perf_counter_ns() - start) / CALLS / 1000

    return [one() for _ in range(SAMPLES)]


def requests(app: Any, method: str) -> Callable[[], Samples]:
    """Give how requests are timed that an application is called with as its server would."""

    async def one() -> float:
        start = time.perf_counter_ns()
        await ask(app, method, times=CALLS)
        return (time.perf_counter_ns() - start) / CALLS / 1000

    async def every() -> Samples:
        return [await one() for _ in range(SAMPLES)]

    return lambda: asyncio.run(every())


async def ask(app: Any, method: str, *, times: int) -> None:
    """Call an application with a request as uvicorn hands it on, and drop its answer."""
    message = {"type": "http.request", "body": BODY if method == "POST" else b"", "more_body": False}

    async def receive() -> Any:
        return message

    async def send(_: Any) -> None:
        return None

    scope = scope_of(method)
    for _ in range(times):
        await app(scope, receive, send)


def scope_of(method: str) -> dict[str, Any]:
    """Give the scope of a request that wrk sends."""
    posted = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": method,
        "root_path": "",
        "path": "/predict",
        "raw_path": b"/predict",
        "query_string": QUERY if method == "GET" else b"",
        "headers": [(b"host", b"127.0.0.1:8000"), *(posted if method == "POST" else [])],
        "state": {},
    }


if __name__ == "__main__":
    main()
