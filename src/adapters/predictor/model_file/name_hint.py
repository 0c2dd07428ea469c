"""The model that was probably meant by a name that no file has."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from foreseen.domain.did_you_mean import did_you_mean

_BESIDE: Final = (".toml", ".calls.json")
"""Ends of the names of files that lie beside a model and are none."""


def name_hint(path: Path) -> str:
    """Return what to name instead, as the end of a message; empty if nothing is similar."""
    place, colon, name = str(path).rpartition(":")
    if colon and name and _is_file(f"{place}.py"):  # folder/module:NAME
        return f"; did you mean '{place}.py:{name}'?"
    module, dot, name = str(path).rpartition(".")
    if dot and name.isidentifier() and _is_file(f"{module}.py"):  # module.NAME
        return f"; did you mean '{module}.py:{name}'?"
    if _is_file(f"{path}.py"):
        return f"; did you mean '{path}.py'?"
    hint = did_you_mean(path.name, _names_beside(path))
    return hint and f"; {hint}"


def _is_file(path: str) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - accepts a name that is too long


def _names_beside(path: Path) -> Iterator[str]:
    try:
        yield from (each.name for each in path.parent.iterdir() if not each.name.endswith(_BESIDE))
    except OSError:  # no such folder, or one that cannot be listed
        return
