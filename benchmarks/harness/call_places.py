"""What one row of a cheap model takes where its calls may run: on the event loop, or by a thread or a process."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from harness.inputs import NAMES
from harness.report import Report
from harness.rounds import Rounds

if TYPE_CHECKING:
    from foreseen.domain.ports import Predictor
    from foreseen.domain.values.batch import Batch

CALLS = 300
"""Calls of each place in a round."""

Calls = list[float]
"""Microseconds of each call."""


def calls_by_place(model: Path) -> Mapping[str, Callable[[], Calls]]:
    """Return how calls of one row are measured in each place, answers encoded; the model stays loaded."""
    from foreseen.domain.model.model_thread import ModelThread
    from foreseen.domain.values.probe import probe_batch
    from foreseen.settings import Settings
    from foreseen.wiring.predictors import ServedModel

    def loaded(model_isolation: str) -> "Predictor":
        return ServedModel(Settings(model=model, features=NAMES, model_isolation=model_isolation)).loaded()  # type: ignore[arg-type]

    here, apart, thread = loaded("thread"), loaded("process"), ModelThread()
    row = probe_batch(here.info.signature, 1)

    async def on_thread(predictor: "Predictor", batch: "Batch") -> Calls:
        taken = []
        for _ in range(CALLS):
            began = time.perf_counter_ns()
            await thread.run(lambda: predictor.predict(batch).encode())
            taken.append((time.perf_counter_ns() - began) / 1000)
        return taken

    return {
        "on the event loop": lambda: [_us(here, row) for _ in range(CALLS)],
        "on the model's thread": lambda: asyncio.run(on_thread(here, row)),
        "in the model's process": lambda: asyncio.run(on_thread(apart, row)),
    }


def _us(predictor: "Predictor", batch: "Batch") -> float:
    began = time.perf_counter_ns()
    predictor.predict(batch).encode()
    return (time.perf_counter_ns() - began) / 1000


def add_places(report: Report, found: Rounds[Calls]) -> None:
    """Add what a call takes in each place."""
    table = report.table(
        "A call of LogisticRegression for one row, by where it runs", "place", "us, least", "us, median"
    )
    for name, rounds in found.of.items():
        taken = [call for each in rounds for call in each]
        table.rows.append([name, f"{min(taken):.0f}", f"{median(taken):.0f}"])
