"""Random signatures, and random valid instances under them, for property tests."""

import math
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from foreseen.domain.values.batch import Batch
from foreseen.domain.values.datetimes import FIRST, LAST
from foreseen.domain.values.signature import DATETIMES, DTYPES, FLOATS, MAX_EXACT_INTEGER, Feature, Signature

FLOAT32_BOUND = 3.4028235677973366e38
"""What a float32 rounds up to infinity, and all beyond."""

ODD_FLOATS = (0.0, -0.0, 5e-324, -5e-324, 2.0**-149, 2.0**-150, -(2.0**-150), -1e-50, 1.5 * 2.0**-149, 1e308, 0.1, 1.0)


@st.composite
def features(draw: st.DrawFn, name: str) -> Feature:
    """Draw a feature of any dtype, a small tensor now and then."""
    dtype: Any = draw(st.sampled_from(DTYPES))
    is_scalar = dtype == "string" or dtype in DATETIMES
    shape = () if is_scalar else draw(st.just(()) | st.lists(st.integers(1, 3), max_size=3).map(tuple))
    missing = draw(st.booleans()) if not shape or dtype in FLOATS else False
    return Feature(name, dtype, shape, missing)


@st.composite
def signatures(draw: st.DrawFn) -> Signature:
    """Draw a signature of one to four features."""
    names = draw(st.lists(st.text("abcé ", min_size=1, max_size=3), min_size=1, max_size=4, unique=True))
    return Signature(tuple(draw(features(name)) for name in names))


def leaves(feature: Feature) -> st.SearchStrategy[Any]:
    """Return a strategy of single values of a feature."""
    if feature.dtype == "string":
        # Of 12 bytes, the length before them makes a row of 16; lengths of 64 and more make one that is digested.
        texts = st.text(max_size=6) | st.text("ab", min_size=11, max_size=13) | st.text("a", min_size=58, max_size=70)
        return texts | st.none() if feature.missing else texts
    if feature.dtype == "bool":
        return st.booleans() | st.none() if feature.missing else st.booleans()
    if feature.dtype in DATETIMES:
        ticks = st.integers(FIRST, LAST) | st.sampled_from((FIRST, -1, 0, LAST))
        return ticks | st.none() if feature.missing else ticks
    if feature.is_integral:
        low, high = feature.bounds
        integers = st.integers(low, high) | st.sampled_from((low, high))
        return integers | st.none() if feature.missing else integers
    floats = st.floats(allow_infinity=False, allow_nan=feature.missing) | st.sampled_from(ODD_FLOATS)
    numbers = floats | st.integers(-MAX_EXACT_INTEGER, MAX_EXACT_INTEGER)
    if feature.dtype == "float32":
        numbers = numbers.filter(lambda value: math.isnan(value) or abs(value) < FLOAT32_BOUND)
    return numbers | st.none() if feature.missing else numbers


def values(feature: Feature) -> st.SearchStrategy[Any]:
    """Return a strategy of values of a feature, nested lists for a tensor."""
    each = leaves(feature)
    for length in reversed(feature.shape):
        each = st.lists(each, min_size=length, max_size=length)
    return each


def instances(signature: Signature) -> st.SearchStrategy[list[Any]]:
    """Return a strategy of instances: a value a feature, in order."""
    return st.tuples(*map(values, signature.features)).map(list)


def batch_of(signature: Signature, rows: Sequence[Sequence[Any]]) -> Batch:
    """Make a batch of instances."""
    return Batch.of(signature, {name: [row[i] for row in rows] for i, name in enumerate(signature.names)})
