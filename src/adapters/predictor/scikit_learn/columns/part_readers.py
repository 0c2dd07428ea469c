"""Part readers: what one fitted estimator reveals of the columns that it was fitted on."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from foreseen.adapters.predictor.column_facts.column_facts import ColumnFacts
from foreseen.adapters.predictor.column_facts.known_values import facts_of_values, is_missing, rounded


class FittedPart:
    """One fitted estimator, read column by column; what all its columns have in common is looked up once."""

    def __init__(self, estimator: object) -> None:
        self._estimator = estimator
        self._places = {str(name): place for place, name in enumerate(getattr(estimator, "feature_names_in_", ()))}

    def facts(self, index: int | None, name: str | None) -> ColumnFacts:
        """Return the facts of one of its columns, by index, or by name if it was fitted with names."""
        if index is None and name is not None:
            index = self._places.get(name)
        for read in (self._of_categories, self._of_imputer, self._of_mapping, self._of_numbers):
            facts = read(index, name)
            if facts is not None:
                return facts
        return ColumnFacts()

    def _of_categories(self, index: int | None, _name: str | None) -> ColumnFacts | None:
        """Read an encoder's or target encoder's categories."""
        part = self._estimator
        categories = getattr(part, "categories_", None)
        if categories is None or index is None or index >= len(categories):
            return None
        known = np.asarray(categories[index])
        return facts_of_values(known, dtype=known.dtype, origin=f"categories_ of {type(part).__name__}")

    def _of_imputer(self, index: int | None, _name: str | None) -> ColumnFacts | None:
        part = self._estimator
        if not type(part).__module__.startswith("sklearn.impute"):
            return None
        marker = getattr(part, "missing_values", None)
        if not is_missing(marker):  # it replaces a number, such as -1
            return None
        statistic = _at(getattr(part, "statistics_", None), index)
        is_string = isinstance(statistic, str)
        return ColumnFacts(
            dtype="string" if is_string else "float32" if getattr(part, "_fit_dtype", None) == np.float32 else None,
            takes_missing=True,
            missing_is_none=marker is None,
            example=rounded(statistic),
            values=(statistic,) if is_string and getattr(part, "strategy", "") != "constant" else (),
            origin=f"statistics_ of {type(part).__name__}" if is_string else "",
        )

    def _of_mapping(self, _index: int | None, name: str | None) -> ColumnFacts | None:
        """Read an encoder of category_encoders or feature_engine, which keep a mapping per column name."""
        part = self._estimator
        if (mapping := _mapping(part, name)) is None:
            # An encoder without a mapping, such as one by hashes, encodes texts.
            is_encoded = type(part).__module__.startswith("category_encoders") and name in (
                getattr(part, "cols", None) or ()
            )
            return ColumnFacts(dtype="string", origin=f"cols of {type(part).__name__}") if is_encoded else None
        values = [value for value in mapping if not _is_marker(value)]
        facts = facts_of_values(values, origin=f"the mapping of {type(part).__name__}")
        takes_missing = getattr(part, "handle_missing", "error") != "error" or facts.takes_missing
        return ColumnFacts(
            dtype=facts.dtype,
            takes_missing=takes_missing,
            values=facts.values,
            known=facts.known,
            origin=facts.origin,
        )

    def _of_numbers(self, index: int | None, _name: str | None) -> ColumnFacts | None:
        """Read a part that takes any number: a typical one, and whether it was fitted on float32."""
        part = self._estimator
        if not type(part).__module__.startswith("sklearn."):
            return None
        is_single = self._is_single
        return ColumnFacts(
            dtype="float32" if is_single else None,
            example=self._typical(index),
            origin=f"numbers that {type(part).__name__} keeps" if is_single else "",
        )

    @cached_property
    def _is_single(self) -> bool:
        """Whether it was fitted on float32: what it keeps of its input has that dtype then."""
        kept = (_array(self._estimator, attribute) for attribute in _PRESERVING)
        first = next((array for array in kept if array is not None), None)
        return first is not None and first.dtype == np.float32

    @cached_property
    def _numbers(self) -> Sequence[object]:
        """A typical number of each column, if it keeps some."""
        for attribute in _TYPICAL:
            array = _array(self._estimator, attribute)
            if array is not None and array.ndim:
                return np.median(array.reshape(-1, array.shape[-1]).astype(float), axis=0)  # type: ignore[no-any-return]
        edges = getattr(self._estimator, "bin_edges_", None)
        if edges is not None:
            return [(each[0] + each[-1]) / 2 if len(each) else None for each in edges]
        return _thresholds(self._estimator)

    def _typical(self, index: int | None) -> float | None:
        return cast("float | None", rounded(_at(self._numbers, index)))


def _mapping(part: object, name: str | None) -> Iterable[object] | None:
    by_name = getattr(part, "encoder_dict_", None)
    if isinstance(by_name, Mapping) and name in by_name:
        return list(by_name[name])
    for encoder in (getattr(part, "ordinal_encoder", None), part):
        listed = getattr(encoder, "mapping", None) or getattr(encoder, "category_mapping", None)
        if isinstance(listed, Mapping) and hasattr(listed.get(name), "index"):
            return list(listed[name].index)
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, Mapping) and each.get("col") == name:
                mapped = each["mapping"]
                return list(mapped) if isinstance(mapped, Mapping) else list(mapped.index)
    return None


def _is_marker(value: object) -> bool:
    return is_missing(value) or (isinstance(value, int) and value in (-1, -2))  # markers of unknown and missing values


_TYPICAL: Final = (
    "mean_", "center_", "data_min_", "max_abs_", "theta_", "cluster_centers_", "_fit_X", "support_vectors_",
)  # fmt: skip
"""Attributes with numbers like those that an estimator was fitted on; the last axis has one per column."""

_PRESERVING: Final = (
    "data_min_", "max_abs_", "center_", "lambdas_", "_fit_X", "cluster_centers_", "theta_", "components_", "coef_",
    "coefs_",
)  # fmt: skip
"""Attributes that are float32 if, and only if, the estimator was fitted on float32."""


def _thresholds(estimator: object) -> Sequence[float | None]:
    """Return, per column, the median of the values at which a tree, or the first of a forest, splits it."""
    trees = getattr(estimator, "estimators_", None)
    first = np.ravel(np.asarray(trees, dtype=object))[0] if trees is not None and len(trees) else estimator
    tree = getattr(first, "tree_", None)
    if tree is None:
        return ()
    found: list[float | None] = [None] * int(tree.n_features)
    order = np.argsort(tree.feature, kind="stable")
    columns, starts = np.unique(tree.feature[order], return_index=True)
    for column, part in zip(columns, np.split(tree.threshold[order], starts[1:]), strict=True):
        if column >= 0 and len(finite := part[np.isfinite(part)]):
            found[column] = float(np.median(finite))
    return found


def _array(part: object, attribute: str) -> npt.NDArray[np.number] | None:
    kept = getattr(part, attribute, None)
    if isinstance(kept, list) and kept and isinstance(kept[0], np.ndarray):
        kept = kept[0]
    return kept if isinstance(kept, np.ndarray) and kept.dtype.kind in "iuf" else None


def _at(values: Sequence[object] | None, index: int | None) -> object:
    return values[index] if values is not None and index is not None and index < len(values) else None


_KNOWN_LIBRARY = re.compile(r"^(sklearn|category_encoders|feature_engine|lightgbm|xgboost|catboost)\.")


def is_of_known_library(part: object) -> bool:
    """Return whether an estimator's library is known: its parts take any number, or record what they were fitted on."""
    return _KNOWN_LIBRARY.match(type(part).__module__ + ".") is not None
