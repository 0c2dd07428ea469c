"""The names of the columns: the header's, as pandas would have named them in the model's training frame."""

import shlex
from collections.abc import Collection, Sequence
from typing import Final

from foreseen.adapters.tabular.csv.csv_cells import cells_of
from foreseen.adapters.tabular.csv.csv_special_characters import Signs
from foreseen.domain.errors import TableError

DELIMITERS: Final = (b",", b";", b"\t", b"|")
_SHOWN: Final = {b"\t": "tab"}


def header_names(header: bytes, signs: Signs) -> list[str]:
    """Return the cells of a header."""
    return cells_of(header.decode(errors="replace"), signs)


def column_names(header: Sequence[str], features: Collection[str], *, trim: bool, name: str) -> tuple[str, ...]:
    """Return the names of the columns: those of the header, but each only once.

    Blanks around a name are removed if the model knows it without them. Columns of the same name, and those without
    any, are named as in pandas, since a model may have been trained on those names.

    Raises:
        TableError: several columns have the name of a feature.
    """
    features = frozenset(features)
    others = frozenset(header)
    names = [_trimmed(each, others, features, trim=trim) for each in header]
    unnamed = [place for place, each in enumerate(names) if not each]
    for place in unnamed:
        if len(unnamed) > 1 or f"Unnamed: {place}" in features:
            names[place] = f"Unnamed: {place}"
    return tuple(_made_unique(names, features, name=name))


def other_delimiter(header: bytes, signs: Signs, features: Collection[str]) -> str:
    """Return the option that would find all features in a header; empty if no other delimiter does."""
    for delimiter in DELIMITERS:
        if delimiter == signs.delimiter:
            continue
        names = header_names(header, Signs(delimiter, signs.quote, signs.escape))
        if set(features) <= {each.strip() for each in names}:
            return delimiter_option(delimiter)
    return ""


def delimiter_option(delimiter: bytes) -> str:
    """Return the option for a delimiter as a shell reads it."""
    return f"--delimiter {_SHOWN.get(delimiter) or shlex.quote(delimiter.decode())}"


def _trimmed(column: str, others: Collection[str], features: Collection[str], *, trim: bool) -> str:
    bare = column.strip()
    is_meant = column not in features and bare in features and bare not in others
    return bare if trim or is_meant else column


def _made_unique(names: Sequence[str], features: Collection[str], *, name: str) -> list[str]:
    taken = set(names)
    counts: dict[str, int] = {}
    found = []
    for column in names:
        each = column
        while column in counts and (each == column or (each in taken and each not in features)):
            counts[column] += 1
            each = f"{column}.{counts[column]}"
        counts.setdefault(column, 0)
        if each != column and column in features and f"{column}.1" not in features:
            raise TableError(f"{name}: expected each column once, got {column!r} twice")
        found.append(each)
    return found
