"""Probe: made-up instances to call a model with at load, of values that it was fitted on, or around its example."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from foreseen.domain.values.batch import Batch, Column
from foreseen.domain.values.signature import DATETIMES, FLOATS, Feature, Signature

PROBE_ROWS: Final = 64


def probe_batch(signature: Signature, n: int = PROBE_ROWS) -> Batch:
    """Return n made-up instances, the same ones each time: of known values, else around the example."""
    random = np.random.default_rng(0)
    return Batch.of(signature, {feature.name: _around(feature, n, random) for feature in signature.features})


def _around(feature: Feature, n: int, random: "np.random.Generator") -> Sequence[object] | Column:
    if feature.values:  # an encoder's column would reject values that it was not fitted on
        return [feature.values[place] for place in random.integers(len(feature.values), size=n)]
    example = feature.default_example()
    if feature.dtype == "string" or feature.dtype in DATETIMES:
        return [example] * n
    centre = np.broadcast_to(np.asarray(example, dtype=np.float64), (n, *feature.shape))
    spread = centre + random.normal(size=centre.shape) * (np.abs(centre) * 0.5 + 0.5)
    if feature.dtype in FLOATS:
        return spread
    if feature.dtype == "bool":
        return spread > 0
    return np.clip(np.rint(spread), *feature.bounds).astype(np.int64)
