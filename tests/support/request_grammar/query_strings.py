"""Query strings: each value in every spelling, percent-encoded in every way."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from foreseen.domain.values.signature import DATETIMES, Feature, Signature
from support.request_grammar.meaning import DATES, Rejected, meaning_of_text
from support.request_grammar.numbers import number_in_text

_WORDS: Final = [
    "true",
    "False",
    "TRUE",
    "t",
    "",
    "nan",
    "NaN",
    "null",
    " 1",
    "1 ",
    "\t1",
    "yes",
    "1;2",
    "a&b=c",
    "1=1",
]
_TEXTS: Final = ["red", "1", "a b", "a+b", "é", "\U0001f600", "%41", "a&b", "=", "", "x" * 12, "y" * 64, "\0", "a;b"]
_SAFE: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/?@!$'()*,")

Values = tuple[Any, ...]


@dataclass(frozen=True)
class Query:
    """A query string.

    Attributes:
        cells: the text of each feature, in their order.
        means: their values; None where the query is rejected.
        cells_mean: the values of the cells; None where they mean nothing.
    """

    sent: bytes
    cells: tuple[str, ...]
    means: Values | None
    cells_mean: Values | None


def query(rng: random.Random, signature: Signature) -> Query:
    """Draw a query string for a signature without tensors."""
    texts = {feature.name: _text(rng, feature) for feature in signature.features}
    cells, cells_mean = tuple(texts.values()), _means(signature, texts)
    pairs, is_right = list(texts.items()), True
    if rng.random() < 0.3:
        rng.shuffle(pairs)
    if rng.random() < 0.08:
        feature = rng.choice(signature.features)
        pairs = [pair for pair in pairs if pair[0] != feature.name]
        is_right = feature.is_optional
        texts = dict(pairs)
    means = _means(signature, texts) if is_right else None
    if rng.random() < 0.02:
        pairs.append(rng.choice(pairs or [("other", "1")]))
        means = None if pairs[-1][0] != "other" or signature.extra_fields == "reject" else means
    if rng.random() < (0.3 if signature.extra_fields == "ignore" else 0.02):
        pairs.append(("other", _text(rng, signature.features[0])))
        means = means if signature.extra_fields == "ignore" else None
    percent = rng.choice([0.0, 0.0, 0.05, 1.0])
    sent = "&".join(f"{_encoded(rng, name, percent)}={_encoded(rng, text, percent)}" for name, text in pairs)
    broken, is_whole = _broken(rng, sent)
    return Query(broken.encode(), cells, means if is_whole else None, cells_mean)


def _text(rng: random.Random, feature: Feature) -> str:
    kind = rng.random()
    if kind < 0.04:
        return rng.choice(_WORDS)
    if feature.missing and kind < 0.15:
        return rng.choice(["", "nan", "NaN", "NAN"])
    if feature.dtype in DATETIMES and kind < 0.95:
        return rng.choice(list(DATES))
    if feature.dtype == "string":
        return rng.choice(_TEXTS)
    if feature.dtype == "bool" and kind < 0.8:
        return rng.choice(["true", "FALSE", "t", "f", "1", "0", "+1", "1.0", "01", "-0", "1e0"])
    return number_in_text(rng)


def _means(signature: Signature, texts: Mapping[str, str]) -> Values | None:
    try:
        return tuple(
            meaning_of_text(feature, texts[feature.name]) if feature.name in texts else None
            for feature in signature.features
        )
    except Rejected:
        return None


def _encoded(rng: random.Random, text: str, percent: float) -> str:
    signs = []
    for byte in text.encode():
        if byte == 0x20 and rng.random() < 0.5:
            signs.append("+")
        elif byte in _SAFE and rng.random() >= percent:
            signs.append(chr(byte))
        else:
            signs.append(f"%{byte:02x}" if rng.random() < 0.5 else f"%{byte:02X}")
    return "".join(signs)


def _broken(rng: random.Random, sent: str) -> tuple[str, bool]:
    """Return a query as it is mostly, now and then with what does not matter, or with what does."""
    kind = rng.random()
    if kind > 0.06:
        return sent, True
    if kind > 0.03:
        return rng.choice(["&" + sent, sent + "&", sent.replace("&", "&&")]), True
    return sent + rng.choice(["%ff", "&%E9=1", "%ed%a0%80", "%C0%B1"]), False
