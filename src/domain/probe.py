"""Probe: instances made up around a signature's example, to find out how a model behaves before anyone asks it."""

from typing import Any, Final

import numpy as np

from foreseen.domain.batch import Batch
from foreseen.domain.signature import DATETIMES, FLOATS, Feature, Signature

PROBE_ROWS: Final = 64


def probe_batch(signature: Signature, n: int = PROBE_ROWS) -> Batch:
    """Make n instances around the signature's example, the same ones each time."""
    random = np.random.default_rng(0)
    return Batch.of(signature, {feature.name: _around(feature, n, random) for feature in signature.features})


def _around(feature: Feature, n: int, random: np.random.Generator) -> Any:
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
