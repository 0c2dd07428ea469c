"""Start after start of saved models, each in a process of its own: which fingerprints do they get?

    python -m support.fingerprints_of_starts STARTS MODEL…

Forked from a process that has imported the libraries, so that hundreds of starts take minutes; each start sees the file
alone, in a new folder, with no decision of another start beside it.
"""

import multiprocessing
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pandas as pd  # noqa: F401 - imported once, for all starts

import foreseen.adapters.predictor.scikit_learn.columns.column_tracing  # noqa: F401 - as above
from foreseen.adapters.predictor.load_predictor import load_predictor


def fingerprint_of_a_start(model: str) -> tuple[str, str]:
    """Load a copy of the model; return its fingerprint and how it is called."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copy(model, folder))
        copy.chmod(0o600)
        info = load_predictor(copy).info
    return info.fingerprint.hex(), str(info.call_size)


def main() -> None:
    """Print a line for each model: its name, how many fingerprints it got, and each of them with its count."""
    starts, models = int(sys.argv[1]), sys.argv[2:]
    # One task a process: a second load would find everything set up.
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        for model in models:
            found = Counter(pool.map(fingerprint_of_a_start, [model] * starts, chunksize=1))
            each = "; ".join(f"{count} x {mark[:12]}, {size}" for (mark, size), count in found.items())
            sys.stdout.write(f"{Path(model).name}\t{len(found)}\t{each}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
