"""Bodies of requests: one instance, objects and rows, in every way JSON may be written and in some it may not."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from foreseen.domain.values.signature import Feature, Signature
from support.request_grammar.body_encodings import encoded
from support.request_grammar.json_values import anything, value
from support.request_grammar.meaning import Rejected, Written, meaning

_BLANKS: Final = ["", "", "", " ", "\n", "\t", "\r\n", "  \n\t"]
_NO_BLANKS: Final = ["\x0b", "\x0c", "\xa0", "\u2003", "\ufeff", "/**/", "\0"]

Values = tuple[Any, ...]


@dataclass(frozen=True)
class Body:
    """A body as it is sent.

    Attributes:
        means: the values of each instance, in the features' order; None where the body is rejected.
        is_many: whether they are a list.
        is_line: whether a line of JSON Lines means the same.
    """

    sent: bytes
    means: Sequence[Values] | None
    is_many: bool
    is_line: bool


def body(rng: random.Random, signature: Signature, *, max_rows: int) -> Body:
    """Draw a body for a signature."""
    return _Writer(rng, signature).body(max_rows)


class _Writer:
    """Writes one body, and remembers what is wrong with it."""

    def __init__(self, rng: random.Random, signature: Signature) -> None:
        self._rng = rng
        self._signature = signature
        self._is_right = True
        self._is_line = True

    def body(self, max_rows: int) -> Body:
        """Return the body."""
        form = self._rng.choice(["one", "one", "objects", "rows"])
        if form == "one":
            text, *rows = self._object()
        else:
            text, rows = self._many(form, self._rng.choice([1, 1, 2, 3, max_rows, max_rows + 1]))
            self._is_right &= len(rows) <= max_rows
        sent, is_whole, is_plain = encoded(self._rng, self._blank() + text + self._blank())
        is_line = self._is_line and form == "one" and is_plain and b"\n" not in sent
        found = [row for row in rows if row is not None]
        is_right = self._is_right and is_whole and len(found) == len(rows)
        return Body(sent, found if is_right else None, form != "one", is_line)

    def _many(self, form: str, count: int) -> tuple[str, list[Values | None]]:
        write = partial(self._object, is_listed=True) if form == "objects" else self._row
        written = [write() for _ in range(count)]
        listed = self._joined("[", [text for text, _ in written], "]")
        return self._joined("{", [self._member("instances", listed)], "}"), [means for _, means in written]

    def _object(self, *, is_listed: bool = False) -> tuple[str, Values | None]:
        rng = self._rng
        written = {f.name: value(rng, f) for f in self._signature.features if not self._is_absent(f)}
        members = [(name, each.text) for name, each in written.items()]
        rng.shuffle(members)
        if written and rng.random() < 0.08:  # the last one of a name is what holds
            feature = rng.choice([f for f in self._signature.features if f.name in written])
            members.insert(0, (feature.name, self._beside(value(rng, feature))))
        ignored = [name for name in self._signature.ignored if rng.random() < 0.5]
        members += [(name, self._beside(anything(rng))) for name in ignored]
        accepts_others = self._signature.extra_fields == "ignore"
        if rng.random() < (0.4 if accepts_others else 0.02):
            members.append((rng.choice(["other", "A", "", "instance"]), self._beside(anything(rng))))
            self._is_right &= accepts_others
            self._is_line = False
        if members and rng.random() < (0.1 if accepts_others else 0.01):
            members.insert(rng.randint(0, len(members)), ("instances", self._beside(anything(rng))))
            self._is_right &= accepts_others and is_listed
            self._is_line = False
        return self._joined("{", [self._member(*each) for each in members], "}"), self._means(written)

    def _row(self) -> tuple[str, Values | None]:
        written = {feature.name: value(self._rng, feature) for feature in self._signature.features}
        texts = [each.text for each in written.values()]
        if self._rng.random() < 0.01:
            texts, self._is_right = texts[1:], False
        return self._joined("[", texts, "]"), self._means(written)

    def _is_absent(self, feature: Feature) -> bool:
        return self._rng.random() < (0.2 if feature.is_optional else 0.01)

    def _means(self, written: Mapping[str, Written]) -> Values | None:
        self._is_right &= all(each.is_json for each in written.values())
        try:
            return tuple(self._meaning(feature, written.get(feature.name)) for feature in self._signature.features)
        except Rejected:
            return None

    def _meaning(self, feature: Feature, written: Written | None) -> Any:
        if feature.dtype == "string" and (written is None or written.text in ("null", "NaN") or written.string == ""):
            self._is_line = False  # in files, an empty text and null are one value
        if written is not None:
            return meaning(feature, written)
        if not feature.is_optional:
            raise Rejected
        return None

    def _beside(self, written: Written) -> str:
        """Return a value that is not looked at, but has to be JSON."""
        self._is_right &= written.is_json
        return written.text

    def _member(self, name: str, text: str) -> str:
        escaped = "".join(f"\\u{ord(sign):04x}" if self._rng.random() < 0.02 else sign for sign in name)
        return f'"{escaped}"{self._blank()}:{self._blank()}{text}'

    def _joined(self, opening: str, parts: Sequence[str], closing: str) -> str:
        comma = f"{self._blank()},{self._blank()}" if len(parts) > 1 else ""
        return opening + self._blank() + comma.join(parts) + self._blank() + closing

    def _blank(self) -> str:
        if self._rng.random() < 0.001:
            self._is_right = False
            return self._rng.choice(_NO_BLANKS)
        return self._rng.choice(_BLANKS)
