"""Do an engine and the library that it replaces give the same bits, and is the faster of the two called?"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.contenders import trained
from harness.options import read_options
from harness.report import Report, Table, ratio_text
from harness.rounds import Rounds, Spread, in_turn

MODELS = {"forest": "RandomForest(100)", "boosted": "HistGradientBoosting(100)", "lightgbm": "LightGBM(100)"}
ROWS = (1, 8, 64, 512, 100_000)
WANTED = 1.1
"""The most that a call may take of what the better of the two takes."""

CALLS_S = 0.1
"""Seconds of the calls of a round, one call at least; the least time counts, to which others can only add."""

INSTANCES = 1_000_000
CHUNK = 50_000


def main() -> None:
    options = read_options(str(__doc__), seconds=None)
    report = Report(options.name, options.command)
    with TemporaryDirectory() as folder:
        table = report.table(
            "A call, least of each round in us", "model", "rows", "library", "engine", "as called", "of the better"
        )
        for name, words in MODELS.items():
            compare_times(trained(name, Path(folder)), words, options.rounds, report, table)
    table = report.table("Bits of all outputs, thresholds and one ulp to either side", "model", "instances", "differ")
    for model in families():
        different = differing(model)
        table.rows.append([type(model).__name__, f"{INSTANCES:,}", str(different)])
        report.at_most(f"{type(model).__name__}, instances whose bits differ", Spread.of([different]), 0)
    report.finish()


def compare_times(path: Path, words: str, rounds: int, report: Report, table: Table) -> None:
    """Time calls of the library, of the engine, and of what chooses between them, in one process."""
    from foreseen.adapters.predictor.engines.engine_predictor import EnginePredictor
    from foreseen.adapters.predictor.load_predictor import load_predictor
    from foreseen.domain.values.probe import probe_batch

    library, chosen = (load_predictor(path, engine=engine) for engine in ("library", "auto"))
    if not isinstance(chosen, EnginePredictor):
        report.not_measured.append(f"{words} has no engine: {chosen.info.engine}")
        return
    for rows in ROWS:
        batch = probe_batch(library.info.signature, rows)
        calls: Mapping[str, Callable[[Any], object]] = {
            "library": library.predict,
            "engine": chosen._answer,  # noqa: SLF001 - what it answers is not public
            "as called": chosen.predict,
        }
        found = in_turn({name: timed(call, batch) for name, call in calls.items()}, rounds)
        least = [min(both) for both in zip(found.of["library"], found.of["engine"], strict=True)]
        better = Rounds({**found.of, "better": least})
        ratio = better.ratio("as called", "better", float)
        times = [ratio_text(found.spread(name, float).times(1e6)) for name in calls]
        table.rows.append([words, f"{rows:,}", *times, ratio_text(ratio)])
        report.at_most(f"{words}, {rows:,} rows, a call of the better of the two", ratio, WANTED)


def timed(call: Callable[[Any], object], batch: object) -> Callable[[], float]:
    """Return what measures the least time of a call, in seconds."""

    def measure() -> float:
        took: list[float] = []
        end = time.perf_counter() + CALLS_S
        while not took or time.perf_counter() < end:
            start = time.perf_counter()
            call(batch)
            took.append(time.perf_counter() - start)
        return min(took)

    return measure


def families() -> list[Any]:
    """Return a fitted model of each family that has an engine."""
    from lightgbm import LGBMClassifier, LGBMRegressor
    from sklearn import ensemble
    from sklearn.datasets import load_diabetes, load_iris

    names = ("RandomForest", "ExtraTrees", "HistGradientBoosting", "GradientBoosting")
    of_classes = [getattr(ensemble, f"{name}Classifier")(random_state=0) for name in names]
    of_numbers = [getattr(ensemble, f"{name}Regressor")(random_state=0) for name in names]
    classes, numbers = load_iris(return_X_y=True), load_diabetes(return_X_y=True)
    return [
        *(model.fit(*classes) for model in (*of_classes, LGBMClassifier(random_state=0, verbose=-1))),
        *(model.fit(*numbers) for model in (*of_numbers, LGBMRegressor(random_state=0, verbose=-1))),
    ]


def differing(model: Any) -> int:
    """Return for how many instances an output of the engine has other bits than the library's."""
    import warnings

    import numpy as np

    from foreseen.adapters.predictor.engines.known_families import build_engine
    from foreseen.adapters.predictor.engines.threshold_rows import threshold_rows
    from foreseen.adapters.predictor.engines.verification import verify

    engine = build_engine(model)
    verify(engine, model, engine.methods, 64)  # finds out whether NaN is accepted, which the rows hold then
    rows = threshold_rows(engine, model.n_features_in_, INSTANCES)
    different = 0
    for start in range(0, INSTANCES, CHUNK):
        part = rows[start : start + CHUNK]
        answers = engine.answers(part, engine.methods)
        if answers is None:
            return INSTANCES
        wrong = np.zeros(len(part), dtype=bool)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library's check of its input adds the largest numbers up
            for method, answer in answers.items():
                wrong |= (bits(answer) != bits(getattr(model, method)(part))).any(axis=1)
        different += int(wrong.sum())
    return different


def bits(answer: Any) -> Any:
    """Return the bytes of an answer, a row an instance."""
    import numpy as np

    values = np.ascontiguousarray(answer)
    return values.view(np.uint8).reshape(len(values), -1)


if __name__ == "__main__":
    main()
