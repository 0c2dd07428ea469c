"""Origin: all that the bytes of an output depend on, so that a run goes on only as it began."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class InputDigest(NamedTuple):
    """One input: its name as it was given, its size in bytes and its SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What a run began with.

    Attributes:
        inputs: in the order in which they are read.
        model: what tells one exact model, and what it was asked for, from every other.
        options: all else that changes a byte of what is written, by name.
    """

    inputs: tuple[InputDigest, ...]
    model: str
    options: Mapping[str, str]

    def difference(self, now: "Origin") -> str:
        """Say what another run would do otherwise, "expected …, got …"; nothing if nothing."""
        names, new_names = ([one.name for one in each.inputs] for each in (self, now))
        if names != new_names:
            return f"expected the input {', '.join(names)}, got {', '.join(new_names)}"
        for was, is_now in zip(self.inputs, now.inputs, strict=True):
            if was != is_now:
                return (
                    f"expected {was.name} as it was ({was.size:,} bytes, SHA-256 {was.sha256[:16]}…), "
                    f"got another content ({is_now.size:,} bytes, {is_now.sha256[:16]}…)"
                )
        for name in sorted({*self.options, *now.options}):
            before, after = (each.options.get(name, "nothing") for each in (self, now))
            if before != after:
                return f"expected {name} {before or 'nothing'}, got {after or 'nothing'}"
        # Last, since it also differs where options do that the model is asked with.
        return "" if self.model == now.model else f"expected the model {self.model}, got {now.model}"
