"""CatBoost: which categorical columns held whole numbers.

A model keeps the hashes of its categories' texts, not the categories: its trees those that they compare, its tables of
statistics all. Bools are hashed as "1" and "0". So whole numbers are hashed in the same way and looked up among them.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_INTEGERS: Final = np.arange(-999, 100_000)
"""Whole numbers that are looked up: their texts have eight bytes at the most."""

_EMPTY: Final = 2**64 - 1
"""What a table of statistics has where there is no category."""

_TABLE_MULTIPLIER: Final = 0x4906BA494954CB65
_INVERSE: Final = pow(_TABLE_MULTIPLIER, -2, 2**64)
_K2: Final = np.uint64(0x9AE16A3B2F90404F)
_K3: Final = np.uint64(0xC949D7C7509E6557)
_MULTIPLIER: Final = np.uint64(0x9DDFEA08EB382D69)
_SHIFT: Final = np.uint64(47)

_Words = npt.NDArray[np.uint64]


def whole_number_categories(model: object) -> dict[int, list[int]]:
    """Return the categories of each column whose hashes are all those of whole numbers, by the column's index.

    Raises:
        ValueError: no temporary folder can be written for CatBoost's JSON export.
    """
    document = _as_document(model)
    kept = {column: {*hashes} for column, hashes in _kept_hashes(document).items()}
    if not any(kept.values()):
        return {}
    hashes = text_hashes(_INTEGERS.astype("S8"))
    known = dict(zip(hashes.tolist(), _INTEGERS.tolist(), strict=True))
    return {
        column: sorted(known[each] for each in found)
        for column, found in kept.items()
        if found and found <= known.keys()
    }


def text_hashes(texts: npt.NDArray[np.bytes_]) -> _Words:
    """Return CatBoost's hashes of n texts of one to eight bytes: the lower half of CityHash64 1.0, shape (n,)."""
    padded = texts.astype("S8")
    letters = padded.view(np.uint8).reshape(-1, 8).astype(np.uint64)
    lengths = np.char.str_len(padded)
    rows = np.arange(len(padded))
    n = lengths.astype(np.uint64)
    y = letters[:, 0] + (letters[rows, lengths >> 1] << np.uint64(8))
    short = _mixed((y * _K2) ^ ((n + (letters[rows, lengths - 1] << np.uint64(2))) * _K3)) * _K2
    first = _word(letters[:, :4])
    last = _word(letters[rows[:, None], np.maximum(lengths - 4, 0)[:, None] + np.arange(4)])
    u = n + (first << np.uint64(3))
    inner = _mixed((u ^ last) * _MULTIPLIER)
    long = _mixed((last ^ inner) * _MULTIPLIER) * _MULTIPLIER
    return np.where(lengths < 4, short, long) & np.uint64(2**32 - 1)


def _mixed(words: _Words) -> _Words:
    return words ^ (words >> _SHIFT)


def _word(four: _Words) -> _Words:
    """Return four bytes each as a little-endian number."""
    words: _Words = (four << np.arange(0, 32, 8, dtype=np.uint64)).sum(axis=1, dtype=np.uint64)
    return words


def _as_document(model: Any) -> dict[str, Any]:
    from catboost import CatBoostError  # noqa: PLC0415 - the model's own library

    with suppress(CatBoostError):  # CatBoost exports no model that has text features
        try:
            with TemporaryDirectory() as folder:
                path = Path(folder) / "model.json"
                model.save_model(str(path), format="json")
                document: dict[str, object] = json.loads(path.read_bytes())
                return document
        except OSError as exc:
            raise ValueError(f"expected a temporary folder for what CatBoost writes of a model: {exc}") from exc
    return {}


def _kept_hashes(document: Mapping[str, Any]) -> dict[int, list[int]]:
    """Return the hashes that a model keeps of each column's categories, by the column's index."""
    features = document.get("features_info", {}).get("categorical_features", ())
    kept = {each["flat_feature_index"]: [value % 2**32 for value in each.get("values", ())] for each in features}
    for name, table in (document.get("ctr_data") or {}).items():
        parts = json.loads(name)["identifier"]
        if len(parts) == 1 and parts[0]["combination_element"] == "cat_feature_value":
            column = features[parts[0]["cat_feature_index"]]["flat_feature_index"]
            kept[column].extend(_hashes_of_table(table))
    return kept


def _hashes_of_table(table: Mapping[str, Any]) -> Iterator[int]:
    """Yield the hashes of the categories in a table, which stores each of them multiplied by a constant."""
    for multiple in map(int, table["hash_map"][:: table["hash_stride"]]):
        if multiple != _EMPTY:
            yield multiple * _INVERSE % 2**32
