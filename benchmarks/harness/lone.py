"""What the library's own predict of one row takes, row after row: `python -m harness.lone MODEL SECONDS`.

A process of its own, as a script that calls the model would be.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from harness.processes import alone, environment
from harness.wrk import Load


def predicted_alone(model: Path, seconds: int) -> Callable[[], Load]:
    """Return how it is measured: rows for requests, and the latency of a call."""

    def measure() -> Load:
        command = [sys.executable, "-m", "harness.lone", str(model), str(seconds)]
        with alone(""):
            printed = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True).stdout
        return Load(**json.loads(printed))

    return measure


def main(model_path: Path, seconds: float) -> None:
    import joblib
    import numpy as np

    model, took = joblib.load(model_path), []
    row = np.array([[5.1, 3.5, 1.4, 0.2]])
    start = before = time.perf_counter()
    while before < start + seconds:
        row[0, 0] += 1e-6
        model.predict(row)
        now = time.perf_counter()
        took.append(now - before)
        before = now
    p50, p99 = np.percentile(took, [50, 99]) * 1e6
    print(json.dumps({"requests": len(took), "per_s": len(took) / (before - start), "p50_us": p50, "p99_us": p99}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
