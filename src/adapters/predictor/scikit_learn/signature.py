"""The signature of a model: by feature names given, a sidecar, the model's own names, or x0, x1, …, in that order."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foreseen.adapters.predictor.scikit_learn.column_facts import ColumnFacts
from foreseen.adapters.predictor.scikit_learn.columns import feature_names, read_columns
from foreseen.adapters.predictor.scikit_learn.labels import has_several_labels_a_row, read_labels
from foreseen.adapters.predictor.scikit_learn.tags import estimator_kind
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.signature import Feature, Kind, Signature

if TYPE_CHECKING:
    from foreseen.adapters.predictor.loading.sidecar import Sidecar


def describe(model: Any, *, model_path: Path, names: Sequence[str] | None, sidecar_path: Path | None) -> Signature:
    """Say what a model takes and gives.

    Args:
        names: of the features, from the operator; they stand above all else.
        sidecar_path: a TOML file; None for the one beside the model with the same stem, if it is there.
    Raises:
        ModelUnavailableError: the names do not fit the model, or nothing tells what it takes.
    """
    beside = None if names else find_sidecar(model_path, sidecar_path)
    sidecar = _read_sidecar(beside) if beside else None
    try:
        features = (sidecar.declared() if sidecar else ()) or _features(model, names)
        _check_count(model, features)
        _check_order(model, features)
        kind = (sidecar.kind if sidecar else None) or _kind(model)
        classes = _classes(model) if kind == "classification" else ()
        return Signature(features, kind, classes, is_multilabel=bool(classes) and has_several_labels_a_row(model))
    except ValueError as exc:
        raise ModelUnavailableError(f"{beside or model_path}: {exc}") from exc


def _read_sidecar(path: Path) -> "Sidecar":
    from foreseen.adapters.predictor.loading.sidecar import read_sidecar  # noqa: PLC0415 - with pydantic, which few models need

    return read_sidecar(path)


def find_sidecar(model_path: Path, sidecar_path: Path | None) -> Path | None:
    """Return the sidecar that was named, else the one beside the model with the same stem; None if there is none."""
    beside = model_path.with_suffix(".toml")
    return sidecar_path or (beside if beside.is_file() else None)


def _features(model: Any, names: Sequence[str] | None) -> tuple[Feature, ...]:
    facts = read_columns(model)
    if facts is None:
        if not names:
            raise ValueError(
                f"expected {type(model).__qualname__} to say what it takes (n_features_in_); name its features by "
                "--features or in a sidecar"
            )
        return tuple(Feature(name) for name in names)
    own = names or feature_names(model) or [f"x{index}" for index in range(len(facts))]
    if len(own) != len(facts):
        raise ValueError(
            f"expected {len(facts)} feature names, as many as the model takes, got {len(own)}: {', '.join(own)}"
        )
    return tuple(_feature(name, told) for name, told in zip(own, facts, strict=True))


def _feature(name: str, told: ColumnFacts) -> Feature:
    return Feature(
        name,
        dtype="string" if told.is_string else "float64",
        missing=told.takes_missing,
        example=told.example,
    )


def _check_count(model: Any, features: Sequence[Feature]) -> None:
    takes = getattr(model, "n_features_in_", None)
    values = sum(feature.size for feature in features)
    if takes is not None and values != takes:
        raise ValueError(f"expected features of {takes} values in all, as many as the model takes, got {values}")


def _check_order(model: Any, features: Sequence[Feature]) -> None:
    """Refuse the model's own names in another order: each would be taken for another."""
    own, named = feature_names(model), [feature.name for feature in features]
    if own is not None and own != named and sorted(own) == sorted(named):
        raise ValueError(f"expected the features in the model's order, {', '.join(own)}, got {', '.join(named)}")


def _kind(model: Any) -> Kind:
    if kind := estimator_kind(model):
        return kind
    # An estimator that says nothing of itself may be a cluster, an outlier detector, or not of scikit-learn.
    is_plain = not hasattr(model, "__sklearn_tags__") and hasattr(model, "classes_")
    return "classification" if is_plain else "other"


def _classes(model: Any) -> tuple[str, ...]:
    outputs = read_labels(model)
    return outputs[0].texts if len(outputs) == 1 else ()
