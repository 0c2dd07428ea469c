"""Sidecar: the TOML file beside a model that says what the model itself does not."""

import math
import tomllib
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from foreseen.adapters.predictor.model_file.model_file import require_private
from foreseen.adapters.predictor.sidecar.declared_dtype import declared_dtype
from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import InvalidBatchError, ModelUnavailableError
from foreseen.domain.model.model_input import Takes
from foreseen.domain.values.feature_values import read_value
from foreseen.domain.values.signature import ExtraFields, Feature, Kind


class FeatureTable(BaseModel):
    """What a sidecar may say about one feature; the model decides what it leaves out.

    Attributes:
        name: of the model's feature, or a new one if the sidecar names all of them.
        dtype: one of ours, or of pandas: see `declared_dtype`.
        shape: of a tensor.
        missing: whether a value may be missing.
        example: to show in documentation.
        categories: of a feature of dtype "category", in the order of their codes.
        ordered: whether those are ordered.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    dtype: str | None = None
    shape: Annotated[list[int], Field(max_length=8)] = []
    missing: bool | None = None
    example: object = None
    categories: Annotated[list[str | int | float | bool] | None, Field(min_length=1)] = None
    ordered: bool = False

    @property
    def size(self) -> int:
        """How many values one instance has for it; lengths below 1 are rejected with the feature."""
        return math.prod(max(length, 1) for length in self.shape)

    @field_validator("example")
    @classmethod
    def _as_json(cls, example: object) -> object:
        return example.isoformat() if isinstance(example, date) else example  # TOML has dates, JSON has not

    @field_validator("dtype")
    @classmethod
    def _is_known(cls, dtype: str | None) -> str | None:
        if dtype is not None:
            declared_dtype(dtype)
        return dtype


class _FingerprintTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    files: list[str] = []


def _takes(declared: object) -> object:
    return "dicts" if declared == "records" else declared  # as pandas calls a list of dicts


class Sidecar(BaseModel):
    """The content of a sidecar.

    Attributes:
        kind: how answers are shown; left out, the model's own kind.
        takes: the form in which the model is given its instances; left out, it is found by trial.
        extra_fields: what becomes of fields of an instance that are not features.
        classes: labels of a Booster that was trained to tell classes apart, in the order of their numbers.
        features: some of the model's own by name, or all of them in its column order; left out, the model's own.
        fingerprint: what else identifies the model: patterns of files that its code reads, relative to the sidecar.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Kind | None = None
    takes: Annotated[Takes | None, BeforeValidator(_takes)] = None
    extra_fields: ExtraFields = "reject"
    classes: Annotated[list[str | int | float | bool] | None, Field(min_length=2)] = None
    features: Annotated[list[FeatureTable] | None, Field(min_length=1)] = None
    fingerprint: _FingerprintTable = _FingerprintTable()


def read_sidecar(path: Path) -> Sidecar:
    """Read and check a sidecar, except for what depends on the model.

    Raises:
        ModelUnavailableError: unreadable, writable for other users, not TOML, or a wrong or unknown entry; the message
            names the entry and what was expected.
    """
    try:
        require_private(path, "sidecar")
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        sidecar = Sidecar.model_validate(document)
        _require_distinct(sidecar.features or ())
    except ValidationError as exc:
        raise ModelUnavailableError(f"{path}: {_worded(exc)}") from None
    except OSError as exc:
        raise ModelUnavailableError(f"{path}: expected a readable sidecar: {exc.strerror}") from exc
    except ValueError as exc:  # TOML and Unicode errors, wrong shapes, names, examples
        raise ModelUnavailableError(f"{path}: {exc}") from exc
    return sidecar


def listed_files(path: Path) -> list[str]:
    """Return the files that a sidecar lists, also where the rest of it is unusable; empty if it is not TOML.

    Raises:
        ModelUnavailableError: it is writable for other users.
    """
    try:
        require_private(path, "sidecar")
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return _FingerprintTable.model_validate(document.get("fingerprint", {})).files
    except (OSError, ValueError):
        return []


def _require_distinct(tables: Sequence[FeatureTable]) -> None:
    seen: set[str] = set()
    for at, table in enumerate(tables):
        if table.name in seen:
            raise ValueError(f"features[{at}].name: expected each feature once, got {table.name!r} again")
        seen.add(table.name)


def check_examples(features: Iterable[Feature]) -> None:
    """Raise ValueError for an example that would be rejected in a request: it would mislead on every page."""
    for feature in features:
        if feature.example is None:
            continue
        try:
            read_value(feature, feature.example)
        except InvalidBatchError as exc:
            expected = "expected an example of its dtype and shape"
            raise ValueError(f"feature {feature.name!r}: {expected}: {exc.violations[0]}") from None


def _worded(exc: ValidationError) -> str:
    error = exc.errors(include_url=False)[0]
    place = ".".join(f"[{part}]" if isinstance(part, int) else part for part in error["loc"]).replace(".[", "[")
    if error["type"] == "extra_forbidden":
        known = _entries_beside(error["loc"])
        hint = did_you_mean(str(error["loc"][-1]), known) or f"known are {', '.join(known)}"
        return f"expected no entry {place}; {hint}"
    if error["type"] == "value_error":  # its message says what it got
        return f"{place}: {error['ctx']['error']}"
    said = error["msg"]
    return f"{place}: {said[0].lower()}{said[1:]}, got {error['input']!r}"


def _entries_beside(loc: tuple[int | str, ...]) -> Iterable[str]:
    """Return the known entries of the table that an unknown entry is in."""
    if len(loc) == 1:
        return Sidecar.model_fields
    return (_FingerprintTable if loc[0] == "fingerprint" else FeatureTable).model_fields
