"""Origin: all that the bytes of an output depend on; a run resumes only with the same."""

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
    """All that the output of a run depends on.

    Attributes:
        inputs: in the order in which they are read.
        model: identifies the exact model and the outputs requested of it.
        options: everything else that changes a byte of the output, by name.
    """

    inputs: tuple[InputDigest, ...]
    model: str
    options: Mapping[str, str]

    def difference(self, now: "Origin") -> str:
        """Return the first difference from another run, as "expected …, got …"; empty if there is none."""
        names, new_names = ([one.name for one in each.inputs] for each in (self, now))
        if names != new_names:
            return f"expected the input {', '.join(names)}, got {', '.join(new_names)}"
        for was, is_now in zip(self.inputs, now.inputs, strict=True):
            if was != is_now:
                return (
                    f"expected {was.name} as it was ({was.size:,} bytes, SHA-256 {was.sha256[:16]}…), "
                    f"got other content ({is_now.size:,} bytes, {is_now.sha256[:16]}…)"
                )
        for name in sorted({*self.options, *now.options}):
            before, after = (each.options.get(name, "nothing") for each in (self, now))
            if before != after:
                return f"expected {name} {before or 'nothing'}, got {after or 'nothing'}"
        # Last, since it also differs where the options of a model call do.
        return "" if self.model == now.model else f"expected the model {self.model}, got {now.model}"
