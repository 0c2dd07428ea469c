"""Description of a model: by the operator's names, a sidecar, the model's own names, or x0, x1, …, in that order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foreseen.adapters.predictor.boosters.booster_columns import takes_dmatrix
from foreseen.adapters.predictor.boosters.native_classifier import NativeClassifier
from foreseen.adapters.predictor.scikit_learn.columns.column_plan import PlannedColumn
from foreseen.adapters.predictor.scikit_learn.columns.estimator_tags import estimator_kind
from foreseen.adapters.predictor.scikit_learn.columns.feature_names import OPAQUE, planned_columns
from foreseen.adapters.predictor.scikit_learn.columns.model_columns import Columns, feature_names, read_columns
from foreseen.adapters.predictor.scikit_learn.inputs.input_forms import plausible_forms
from foreseen.adapters.predictor.scikit_learn.inputs.input_plan import InputPlan
from foreseen.adapters.predictor.scikit_learn.outputs.labels import (
    NO_LABELS,
    Labels,
    has_several_labels_a_row,
    read_labels,
)
from foreseen.adapters.predictor.scikit_learn.trial.form_doubts import form_doubts
from foreseen.adapters.predictor.scikit_learn.trial.model_trial import plan_by_trial
from foreseen.adapters.predictor.scikit_learn.trial.trial_calls import Call
from foreseen.adapters.predictor.sidecar.known_input import KnownInput
from foreseen.adapters.predictor.unpickling.outdated_model import outdated_rejected
from foreseen.domain.did_you_mean import did_you_mean
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.model_input import ModelInput
from foreseen.domain.values.instance_size import require_few_values
from foreseen.domain.values.signature import Kind, Signature

if TYPE_CHECKING:
    from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable, Sidecar


@dataclass(frozen=True, slots=True)
class Description:
    """What clients send, and what the model is given for it."""

    signature: Signature
    model_input: ModelInput


def describe(
    model: object,
    *,
    model_path: Path,
    names: Sequence[str] | None,
    sidecar_path: Path | None,
    call: Call,
    missing: Sequence[str] = (),
    known: KnownInput | None = None,
) -> Description:
    """Return what a model accepts and what kind of answer it gives; what is unknown is found by a few calls.

    Args:
        names: of the features, from the operator; they override everything else.
        sidecar_path: a TOML file, which is not read if there are names.
        call: calls the model with a batch in the form of a plan.
        missing: names of features that may be missing; they override the model and its sidecar.
        known: what the format of the file says of the features; names and sidecar override it, it overrides the model.
    Raises:
        ModelUnavailableError: the names do not fit the model, its input is unknown, or it fails at everything.
    """
    read = None if names else sidecar_path
    sidecar = _read_sidecar(read) if read else None
    try:
        with outdated_rejected(model_path):
            plans = _plans(model, names, sidecar, missing, known)
        if sidecar is not None or known is not None:
            for plan in plans:
                _check_examples(plan)
        plan = plan_by_trial(model, plans, call)
        plan = plan.with_doubts(f"{column.feature.name}: {column.doubt}" for column in plan.columns if column.doubt)
        plan = plan.with_doubts(form_doubts(plan, list(dict.fromkeys(each.takes for each in plans)), call))
        return Description(plan.signature, plan.model_input)
    except ValueError as exc:
        raise ModelUnavailableError(f"{read or (known and known.path) or model_path}: {exc}") from exc
    except ModelUnavailableError as exc:
        raise ModelUnavailableError(f"{model_path}: {exc}") from exc


def _read_sidecar(path: Path) -> "Sidecar":
    from foreseen.adapters.predictor.sidecar.sidecar import read_sidecar  # noqa: PLC0415 - with pydantic, which few models need

    return read_sidecar(path)


def _check_examples(plan: InputPlan) -> None:
    from foreseen.adapters.predictor.sidecar.sidecar import check_examples  # noqa: PLC0415 - imported by now

    check_examples(column.feature for column in plan.columns)


def _plans(
    model: object,
    names: Sequence[str] | None,
    sidecar: "Sidecar | None",
    missing: Sequence[str],
    known: KnownInput | None,
) -> list[InputPlan]:
    """Return the ways in which the model may be served, the most plausible first."""
    if sidecar and sidecar.classes and not isinstance(model, NativeClassifier):
        raise ValueError("classes: expected none for a model that names its own classes, or has none")
    tables = (sidecar.features if sidecar else None) or ()
    require_few_values(sum(table.size for table in tables))
    require_few_values(sum(table.size for table in known.features) if known else 0)
    found = _planned(model, names, tables) if known is None else _planned_as_known(model, names, tables, known)
    planned = _allowed_missing(tuple(found), missing)
    has_names = feature_names(model) is not None
    features = [column.feature for column in planned]
    declared = (sidecar.takes if sidecar else None) or (known.takes if known else None)
    forms = (declared,) if declared else plausible_forms(model, features, has_names=has_names)
    kind = (sidecar.kind if sidecar else None) or _kind(model)
    labels = _labels(model) if kind == "classification" else NO_LABELS
    plans = [
        InputPlan(
            planned,
            takes,
            kind,
            labels.texts,
            labels.values,
            bool(labels.texts) and has_several_labels_a_row(model),
            sidecar.extra_fields if sidecar else "reject",
            knows_names=has_names,
            is_dmatrix=takes_dmatrix(model),
        )
        for takes in forms
    ]
    return [each for plan in plans for each in _with_and_without_dropped(plan)]


def _planned(model: object, names: Sequence[str] | None, tables: Sequence["FeatureTable"]) -> Iterator[PlannedColumn]:
    declared_names = [] if any(table.shape for table in tables) else [table.name for table in tables]
    return planned_columns(model, read_columns(model, names or declared_names), names, tables)


def _planned_as_known(
    model: object, names: Sequence[str] | None, tables: Sequence["FeatureTable"], known: KnownInput
) -> Iterator[PlannedColumn]:
    """Plan the features that a file describes; what the model itself records completes them."""
    has_tensors = any(table.shape for table in known.features)
    columns = read_columns(model, [] if has_tensors else known.own_names)
    if names and columns is not None and len(names) != len(known.features):  # of a model that drops columns
        return planned_columns(model, columns, names, ())
    known = known if columns is None else known.under(columns.shown_names)
    own = known.own_names
    columns = columns or Columns(tuple(own), (OPAQUE,) * len(own))
    planned = planned_columns(model, columns, None, known.renamed(names) if names else known.declared(tables))
    by_sidecar = {table.name for table in tables if table.dtype or table.categories}
    return (each if each.feature.name in by_sidecar else each.declared_by(known.origin) for each in planned)


def _allowed_missing(planned: tuple[PlannedColumn, ...], names: Sequence[str]) -> tuple[PlannedColumn, ...]:
    """Allow missing values in the features of these names; raise ValueError if there is no such feature."""
    known = [column.feature.name for column in planned]
    for name in names:
        if name not in known:
            said = did_you_mean(name, known) or f"the features are {', '.join(known[:20])}"
            raise ValueError(f"missing: expected features of the model, got {name!r}; {said}")
    return tuple(column.allowed_missing() if column.feature.name in names else column for column in planned)


def _with_and_without_dropped(plan: InputPlan) -> list[InputPlan]:
    """Return a plan without the columns that the model drops, and with them, in case the model requires them."""
    if plan.takes != "frame" or all(column.is_dropped == plan.columns[0].is_dropped for column in plan.columns):
        return [plan]
    return [plan.without_dropped(), plan]


def _kind(model: object) -> Kind:
    if (kind := estimator_kind(model)) is not None:
        return kind
    # An estimator of no kind may be a clusterer, an outlier detector, or not scikit-learn's.
    is_plain = not hasattr(model, "__sklearn_tags__") and hasattr(model, "classes_")
    return "classification" if is_plain else "other"


def _labels(model: object) -> Labels:
    outputs = read_labels(model)
    return outputs[0] if len(outputs) == 1 else NO_LABELS
