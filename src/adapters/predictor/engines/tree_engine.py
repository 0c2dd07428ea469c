"""TreeEngine: computes the answers of one ensemble of trees, whatever its family."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.generic]
Rows = npt.NDArray[np.float32] | npt.NDArray[np.float64]
FloatType = type[np.float32] | type[np.float64]
Scores = npt.NDArray[np.float64]

MAX_NODES: Final = 8_000_000
"""Maximum nodes of a model: treelite's copy of the trees then takes about 800 MB."""

_ROWS_AT_ONCE: Final = 1024
"""Limits memory: a boosted model needs a number for each row and tree while it is computed."""


class NoEngineError(Exception):
    """There is no engine for a model; the message is the reason, to be read after "library"."""


@dataclass(frozen=True, slots=True)
class TreeShape:
    """The nodes of one tree, as its library stores them.

    Attributes:
        left, right: positions of the children, shape (nodes,); -1 in a leaf.
        feature, threshold: a row goes left if its value of the feature is at most the threshold, shape (nodes,).
    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    feature: npt.NDArray[np.int64]
    threshold: npt.NDArray[np.float64]


class TreeEngine:
    """Walks the trees once for all outputs of a call; thread-safe."""

    def __init__(
        self,
        walk: Callable[[Rows], Scores],
        answers: Mapping[str, Callable[[Scores, Rows], object]],
        *,
        dtype: FloatType,
        trees: Sequence[TreeShape],
        least_rows: int = 1,
        takes_floats: bool = False,
    ) -> None:
        """Accept what walks the trees, and what turns their scores into answers.

        Args:
            walk: returns the scores of rows, one element for each row.
            answers: by method, functions that return the method's answer from scores and rows.
            dtype: to which the library converts rows.
            least_rows: minimum of rows for which `answers` return the same bits as for larger batches.
            takes_floats: whether the library makes floats of integers, in single precision in a matrix and in double
                in a frame: then it answers for those that differ.
        """
        self._walk = walk
        self.links = answers
        self.dtype = dtype
        self.trees = trees
        self._least_rows = least_rows
        self._takes_floats = takes_floats
        self.takes_missing = False
        """Whether the library accepts NaN, found by calling it."""

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods that the engine can answer."""
        return tuple(self.links)

    @property
    def nodes(self) -> int:
        """Number of nodes in all trees."""
        return sum(len(tree.left) for tree in self.trees)

    def answers(self, matrix: Numbers, methods: Sequence[str]) -> dict[str, object] | None:
        """Return the answers of each method to rows; None for rows that the library may reject.

        Args:
            matrix: numbers, shape (n, features).
        """
        rows = in_type(matrix, self.dtype)
        if not (np.isfinite(rows).all() or (self.takes_missing and not np.isinf(rows).any())):
            return None
        if self._takes_floats and not _is_exact(matrix):
            return None
        n = len(rows)
        if n < self._least_rows:
            rows = rows.repeat(self._least_rows, axis=0)
        scores = self._scores(rows)
        return {method: _first(self.links[method](scores, rows), n) for method in methods}

    def _scores(self, rows: Rows) -> Scores:
        if len(rows) <= _ROWS_AT_ONCE:
            return self._walk(rows)
        starts = range(0, len(rows), _ROWS_AT_ONCE)
        parts = [self._walk(rows[start : start + _ROWS_AT_ONCE]) for start in starts]
        joined = np.concatenate(parts)
        return joined if parts[0].flags.c_contiguous else np.asfortranarray(joined)


def require_room(trees: Sequence[TreeShape]) -> Sequence[TreeShape]:
    """Return the trees; raise NoEngineError if a copy of them would take too much memory."""
    nodes = sum(len(tree.left) for tree in trees)
    if nodes > MAX_NODES:
        raise NoEngineError(f"its {nodes:,} nodes would be in memory twice")
    return trees


def in_type(numbers: Numbers, dtype: FloatType) -> Rows:
    """Return numbers as a type, in C order; those too large for it become infinity."""
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(numbers, dtype=dtype)  # type: ignore[return-value] # one of the two types


def _is_exact(numbers: Numbers) -> bool:
    """Return whether numbers are floats, or are the same in single precision."""
    is_float = numbers.dtype in (np.float32, np.float64)
    return is_float or np.array_equal(numbers.astype(np.float32), numbers)


def _first(answer: object, n: int) -> object:
    if isinstance(answer, list):
        return [part[:n] for part in answer]
    return answer[:n] if isinstance(answer, np.ndarray) else answer
