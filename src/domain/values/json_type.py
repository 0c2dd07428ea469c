"""Json: the type of a value that JSON can represent."""

from collections.abc import Mapping, Sequence

Json = str | float | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]
"""A value that JSON can represent; a number among them may not be finite."""
