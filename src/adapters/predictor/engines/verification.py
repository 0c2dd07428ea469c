"""Verification: compares the bits of an engine's answers with those of the library, at load."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from foreseen.adapters.predictor.boosters.native_classifier import booster_of
from foreseen.adapters.predictor.engines.threshold_rows import Matrix, threshold_rows
from foreseen.adapters.predictor.engines.tree_engine import TreeEngine
from foreseen.adapters.predictor.scikit_learn.outputs.answer_rows import returned_rows, row_bits

VERIFIED: Final = 4096
"""Instances that are compared at load."""

_SIZES: Final = (*[1] * 64, *[8] * 16, *[64] * 4)
"""Rows of the engine's first calls; one more call has all others."""


class BitsDifferError(Exception):
    """An engine's answer has other bits; the message names the method and the row."""


def verify(engine: TreeEngine, trees: object, methods: Sequence[str], n: int) -> None:
    """Compare the answers to n rows at the thresholds of the trees.

    Args:
        trees: the model that the engine was built from.
        methods: the methods whose answers are compared.
    Raises:
        BitsDifferError: an answer differs.
    """
    features = _number_of_features(trees)
    engine.takes_missing = _accepts(trees, np.full((2, features), np.nan))
    rows = threshold_rows(engine, features, n)
    expected = {method: _bits(method, _called(trees, method, rows), n) for method in methods}
    for start, stop in _calls(n):
        part = rows[start:stop]
        answers = engine.answers(part, methods)
        if answers is None:
            raise BitsDifferError(f"the engine rejects one of rows {start} to {stop - 1}")
        for method, answer in answers.items():
            found = _bits(method, answer, len(part))
            for place, (bits, library_bits) in enumerate(zip(found, expected[method][start:stop], strict=True)):
                if bits != library_bits:
                    raise BitsDifferError(f"{method} differs for {part[place].tolist()}")


def _number_of_features(trees: object) -> int:
    if (known := getattr(trees, "n_features_in_", None)) is not None:
        return int(known)
    return int(booster_of(trees).num_feature())  # type: ignore[attr-defined] # every other family is of boosters


def _calls(n: int) -> Iterator[tuple[int, int]]:
    start = 0
    for size in (*_SIZES, n):
        if start < n:
            yield start, min(start + size, n)
        start += size


def _bits(method: str, answer: object, n: int) -> list[bytes]:
    return row_bits(returned_rows(method, answer, n, has_class_values=method == "predict_proba"))


def _accepts(trees: object, rows: Matrix) -> bool:
    try:
        _called(trees, "predict", rows)
    except ValueError:
        return False
    return True


def _called(trees: object, method: str, rows: Matrix) -> object:
    """Call the library with rows as they are; column names, if it knows any, change nothing."""
    with warnings.catch_warnings(), np.errstate(over="ignore"):
        warnings.simplefilter("ignore")
        return getattr(trees, method)(rows)
