"""What does a miss cost beside busy loops of other processes: in the model's own process, and in a thread?"""

import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from harness.options import read_options
from harness.report import Report, ratio_text
from harness.rounds import Rounds, in_turn

LOOPS = (0, 1, 2, 4)
MISSES = 60
"""Lone rows that are predicted in a round, 3 ms apart."""

WANTED = 4


def families() -> dict[str, Any]:
    """Return unfitted models, those of XGBoost and LightGBM where they are installed."""
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    found: dict[str, Any] = {
        "histogram boosting": HistGradientBoostingClassifier(max_iter=30),
        "forest, 100 trees": RandomForestClassifier(100),
        "network": MLPClassifier((100,), max_iter=20),
        "logistic regression": LogisticRegression(max_iter=50),
    }
    if find_spec("xgboost"):
        from xgboost import XGBClassifier

        found["XGBoost"] = XGBClassifier(n_estimators=30)
    if find_spec("lightgbm"):
        from lightgbm import LGBMClassifier

        found["LightGBM"] = LGBMClassifier(n_estimators=30, verbose=-1)
    return found


def main() -> None:
    options = read_options(str(__doc__), seconds=None, rounds=5)
    report = Report(options.name, options.command)
    table = report.table(
        "A miss of one row, median of each round in ms", "model", "busy loops", "in a thread", "in its process", "ratio"
    )
    with TemporaryDirectory() as folder, ExitStack() as stack:
        for name, path in trained(Path(folder)).items():
            measures = {where: stack.enter_context(misses(where, path)) for where in ("thread", "process")}
            for loops in LOOPS:
                with busy(loops):
                    found = in_turn(measures, options.rounds)
                table.rows.append(row_of(name, loops, found))
                question = f"{name} beside {loops} busy loops, its process of a thread"
                report.at_most(question, found.ratio("process", "thread", float), WANTED)
    report.finish()


def row_of(name: str, loops: int, found: Rounds[float]) -> list[str]:
    """Word what was measured of one model beside so many loops."""
    each = [ratio_text(found.spread(where, float)) for where in ("thread", "process")]
    return [name, str(loops), *each, ratio_text(found.ratio("process", "thread", float))]


def trained(folder: Path) -> Mapping[str, Path]:
    """Fit and save the families."""
    import joblib
    from sklearn.datasets import load_digits

    data, target = load_digits(return_X_y=True)
    paths = {}
    for number, (name, model) in enumerate(families().items()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they need not converge
            paths[name] = folder / f"{number}.joblib"
            joblib.dump(model.fit(data, target), paths[name])
        paths[name].chmod(0o600)
    return paths


@contextmanager
def misses(where: str, path: Path) -> Iterator[Callable[[], float]]:
    """Load a model; yield what measures a round of its misses, the median in ms."""
    from foreseen.adapters.predictor.load_predictor import load_predictor
    from foreseen.adapters.predictor.subprocess.parent import ModelProcess
    from foreseen.adapters.predictor.subprocess.process_predictor import ProcessPredictor
    from foreseen.domain.values.probe import probe_batch

    with ExitStack() as stack:
        if where == "thread":
            predictor: Any = load_predictor(path)
        else:
            predictor = ProcessPredictor(stack.enter_context(ModelProcess({"path": path})))
        batch = probe_batch(predictor.info.signature, 1)

        def measure() -> float:
            taken = []
            for _ in range(MISSES):
                start = time.perf_counter()
                predictor.predict(batch)
                taken.append(time.perf_counter() - start)
                time.sleep(0.003)
            return median(taken) * 1e3

        yield measure


@contextmanager
def busy(loops: int) -> Iterator[None]:
    """Keep so many loops busy until the block ends."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for loop in running:
            loop.kill()
            loop.wait()


if __name__ == "__main__":
    main()
