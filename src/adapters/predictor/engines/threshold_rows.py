"""Rows at the thresholds of trees, where an engine is most likely to take another branch."""

from typing import Final

import numpy as np
import numpy.typing as npt

from foreseen.adapters.predictor.engines.tree_engine import TreeEngine, TreeShape, in_type

Matrix = npt.NDArray[np.float64]

_CORNERS: Final = 0.6
"""Share of the rows that reach chosen leaves; the others mix values."""

_MAX_THRESHOLDS: Final = 100_000
"""Maximum number of thresholds of which values are drawn: a large forest has millions."""


def threshold_rows(engine: TreeEngine, features: int, n: int) -> Matrix:
    """Return made-up rows, shape (n, features), always the same.

    Some reach the corners of leaves: each value that leads there is a threshold, or the next number beyond it. The
    others mix thresholds, their neighbors, zeros, the largest numbers, and NaN if the library accepts it.
    """
    random = np.random.default_rng(0)
    rows = _mixed(engine, features, n, random)
    chosen = _leaves(engine, int(n * _CORNERS) // 2, random)
    parents = {id(tree): _parents(tree) for tree, _ in chosen}
    is_upper, is_lower = np.zeros((2, n, features), dtype=bool)
    for place, (tree, leaf) in enumerate(chosen):
        upper, lower = _ends(tree, parents[id(tree)], leaf)
        for row, first, then in ((2 * place, upper, lower), (2 * place + 1, lower, upper)):
            for feature, end in {**then, **first}.items():
                rows[row, feature] = end
                is_upper[row, feature] = (feature in first) == (first is upper)
                is_lower[row, feature] = not is_upper[row, feature]
    rows[is_upper] = _at_most(rows[is_upper], engine)
    rows[is_lower] = _above(rows[is_lower], engine)
    largest = float(np.finfo(engine.dtype).max)
    return np.clip(rows, -largest, largest)  # some thresholds and neighbors are infinite


def _leaves(engine: TreeEngine, most: int, random: np.random.Generator) -> list[tuple[TreeShape, int]]:
    """Return all leaves, or as many that are drawn."""
    leaves = [np.flatnonzero(tree.left < 0) for tree in engine.trees]
    ends = np.cumsum([len(of_tree) for of_tree in leaves])
    places = np.arange(ends[-1]) if ends[-1] <= most else random.integers(ends[-1], size=most)
    trees = np.searchsorted(ends, places, side="right")
    return [
        (engine.trees[tree], int(leaves[tree][place - ends[tree]])) for tree, place in zip(trees, places, strict=True)
    ]


def _mixed(engine: TreeEngine, features: int, n: int, random: np.random.Generator) -> Matrix:
    rows = np.empty((n, features))
    largest = float(np.finfo(engine.dtype).max)
    feature = np.concatenate([tree.feature[tree.left >= 0] for tree in engine.trees])
    threshold = np.concatenate([tree.threshold[tree.left >= 0] for tree in engine.trees])
    if len(threshold) > _MAX_THRESHOLDS:
        drawn = random.integers(len(threshold), size=_MAX_THRESHOLDS)
        feature, threshold = feature[drawn], threshold[drawn]
    others = np.array([0.0, -0.0, largest, -largest, np.nan if engine.takes_missing else 0.0])
    for place in range(features):
        known = threshold[(feature == place) & np.isfinite(threshold)]
        known = known if len(known) else np.zeros(1)
        at = random.choice(known, n)
        values = [
            at,
            np.nextafter(at, -np.inf),
            np.nextafter(at, np.inf),
            _at_most(at, engine),
            _above(at, engine),
            at + random.normal(size=n) * (known.std() + 1.0),
            random.choice(others, n),
        ]
        rows[:, place] = np.choose(random.integers(len(values), size=n), values)
    return rows


def _parents(tree: TreeShape) -> npt.NDArray[np.int64]:
    parents = np.full(len(tree.left), -1)
    splits = np.flatnonzero(tree.left >= 0)
    parents[tree.left[splits]] = parents[tree.right[splits]] = splits
    return parents


def _ends(tree: TreeShape, parents: npt.NDArray[np.int64], leaf: int) -> tuple[dict[int, float], dict[int, float]]:
    """Return the bounds of the values that reach a leaf, by feature: inclusive upper ones, and exclusive lower ones."""
    upper: dict[int, float] = {}
    lower: dict[int, float] = {}
    node = leaf
    while (parent := int(parents[node])) >= 0:
        feature, threshold = int(tree.feature[parent]), float(tree.threshold[parent])
        if tree.left[parent] == node:
            upper[feature] = min(threshold, upper.get(feature, threshold))
        else:
            lower[feature] = max(threshold, lower.get(feature, threshold))
        node = parent
    return upper, lower


def _at_most(numbers: Matrix, engine: TreeEngine) -> Matrix:
    """Return the largest numbers of the engine's type that are not above these."""
    near = in_type(numbers, engine.dtype)
    return np.where(near > numbers, np.nextafter(near, engine.dtype(-np.inf)), near).astype(np.float64)


def _above(numbers: Matrix, engine: TreeEngine) -> Matrix:
    """Return the smallest numbers of the engine's type that are above these."""
    near = in_type(numbers, engine.dtype)
    return np.where(near <= numbers, np.nextafter(near, engine.dtype(np.inf)), near).astype(np.float64)
