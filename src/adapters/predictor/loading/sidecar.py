"""Sidecar: the TOML file beside a model that says what the model itself does not."""

import tomllib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foreseen.adapters.predictor.loading.model_file import refuse_unless_private
from foreseen.domain.errors import InvalidBatchError, ModelUnavailableError
from foreseen.domain.near import near_hint
from foreseen.domain.signature import DType, Feature, Kind
from foreseen.domain.values import read_value


class _FeatureTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    dtype: DType = "float64"
    shape: Annotated[list[int], Field(max_length=8)] = []
    missing: bool = False
    example: Any = None


class _FingerprintTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    files: list[str] = []


class Sidecar(BaseModel):
    """What a sidecar may hold.

    Attributes:
        kind: how answers are shown; left out, the model's own kind.
        features: one table each, in the model's column order; left out, the model's own.
        fingerprint: what else identifies the model: patterns of files that its code reads, relative to the sidecar.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Kind | None = None
    features: Annotated[list[_FeatureTable] | None, Field(min_length=1)] = None
    fingerprint: _FingerprintTable = _FingerprintTable()

    def declared(self) -> tuple[Feature, ...]:
        """Return the declared features, none where the sidecar leaves them to the model."""
        return tuple(
            Feature(table.name, table.dtype, tuple(table.shape), table.missing, _as_json(table.example))
            for table in self.features or ()
        )


def _as_json(example: Any) -> Any:
    """Return a date and time, of which TOML has its own, as JSON writes it."""
    return example.isoformat() if isinstance(example, date) else example


def read_sidecar(path: Path) -> Sidecar:
    """Read and check a sidecar, its examples too.

    Raises:
        ModelUnavailableError: unreadable, writable for other users, no TOML, or a wrong or unknown entry; names the
            entry and what was expected.
    """
    try:
        refuse_unless_private(path, "sidecar")
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        sidecar = Sidecar.model_validate(document)
        _check_examples(sidecar.declared())
    except ValidationError as exc:
        raise ModelUnavailableError(f"{path}: {_worded(exc)}") from None
    except OSError as exc:
        raise ModelUnavailableError(f"{path}: expected a readable sidecar: {exc.strerror}") from exc
    except ValueError as exc:  # TOML and Unicode errors, wrong shapes, names, examples
        raise ModelUnavailableError(f"{path}: {exc}") from exc
    return sidecar


def _check_examples(features: tuple[Feature, ...]) -> None:
    """Refuse an example that the model would never be given: it would mislead in every page."""
    for feature in features:
        if feature.example is None:
            continue
        try:
            read_value(feature, feature.example)
        except InvalidBatchError as exc:
            expected = "expected an example of its dtype and shape"
            raise ValueError(f"feature {feature.name!r}: {expected}: {exc.flaws[0]}") from None


def _worded(exc: ValidationError) -> str:
    error = exc.errors(include_url=False)[0]
    place = ".".join(f"[{part}]" if isinstance(part, int) else part for part in error["loc"]).replace(".[", "[")
    if error["type"] == "extra_forbidden":
        known = _entries_beside(error["loc"])
        hint = near_hint(str(error["loc"][-1]), known) or f"known are {', '.join(known)}"
        return f"expected no entry {place}; {hint}"
    return f"{place}: {error['msg'][0].lower()}{error['msg'][1:]}, got {error['input']!r}"


def _entries_beside(loc: tuple[int | str, ...]) -> Iterable[str]:
    """Return the known entries of the table that an unknown entry is in."""
    if len(loc) == 1:
        return Sidecar.model_fields
    return (_FingerprintTable if loc[0] == "fingerprint" else _FeatureTable).model_fields
