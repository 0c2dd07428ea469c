"""Values of features in JSON, most of which fit."""

import random
from typing import Final

from foreseen.domain.values.signature import DATETIMES, Feature
from support.request_grammar.meaning import DATES, Written, plain
from support.request_grammar.numbers import number
from support.request_grammar.strings import spelled, string

_NESTED: Final = ["[1]", "{}", "[]", '{"a":1}', "[[1,2],[3,4]]", '["x",null]', '{"a":{"a":[]},"a":1}']
_DEEP: Final = "[" * 300 + "]" * 300
_LITERALS: Final = ["true", "false", "null", "True", "nul", ""]
_BOOLS: Final = ["true", "false", "1", "0", "1.0", "-0.0", "-0", "0e5", "10e-1", "0.1E1"]


def value(rng: random.Random, feature: Feature) -> Written:
    """Return a value for a feature."""
    kind = rng.random()
    if kind < 0.01:
        return Written(rng.choice([*_NESTED, _DEEP]))
    if feature.shape and kind < 0.97:
        return _tensor(rng, feature.shape, feature)
    return single(rng, feature)


def single(rng: random.Random, feature: Feature) -> Written:
    """Return a value that is no list."""
    kind = rng.random()
    if kind < 0.02:
        return plain(rng.choice(_LITERALS))
    if feature.missing and kind < 0.15:
        return plain(rng.choice(["null", "null", "NaN"]))
    if feature.dtype in DATETIMES and kind < 0.97:
        return spelled(rng, rng.choice(list(DATES)))
    if feature.dtype == "string" and kind < 0.98:
        return string(rng)
    if feature.dtype == "bool" and kind < 0.8:
        return plain(rng.choice(_BOOLS))
    return string(rng) if kind > 0.985 else plain(number(rng))


def anything(rng: random.Random) -> Written:
    """Return a value that is not read."""
    texts = [number(rng), rng.choice(_LITERALS), spelled(rng, "text").text]
    drawn = rng.choice([*texts, *_NESTED])
    return Written(drawn) if drawn[:1] in ('"', "[", "{") and drawn else plain(drawn)


def _tensor(rng: random.Random, shape: tuple[int, ...], feature: Feature) -> Written:
    if not shape:
        return single(rng, feature)
    length = shape[0] if rng.random() > 0.01 else shape[0] + rng.choice([-1, 1])
    parts = tuple(_tensor(rng, shape[1:], feature) for _ in range(length))
    text = "[" + rng.choice([",", " , ", ",\n"]).join(part.text for part in parts) + "]"
    return Written(text, parts=parts, is_json=all(part.is_json for part in parts))
