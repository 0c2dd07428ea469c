"""Feature names: which of the model's columns a name from the operator or a sidecar means."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from foreseen.adapters.predictor.column_facts.column_facts import ColumnFacts
from foreseen.adapters.predictor.library_model import shown_name
from foreseen.adapters.predictor.scikit_learn.columns.column_plan import PlannedColumn, plan_column
from foreseen.adapters.predictor.scikit_learn.columns.first_part import later_steps
from foreseen.adapters.predictor.scikit_learn.columns.model_columns import Columns, feature_names
from foreseen.domain.did_you_mean import did_you_mean

if TYPE_CHECKING:
    from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable

OPAQUE = ColumnFacts(is_opaque=True)


def planned_columns(
    model: object, columns: Columns | None, names: Sequence[str] | None, tables: Sequence["FeatureTable"]
) -> Iterator[PlannedColumn]:
    """Plan each feature under its name.

    Args:
        columns: what the model records about its input; None if it records nothing.
        names: of all features, from the operator; then there are no tables.
        tables: a sidecar's features: some of the model's by name, or all of them in the model's order.
    Raises:
        ValueError: the names do not fit the model, or its input is unknown.
    """
    if columns is None:
        if not tables:
            raise ValueError(_says_nothing(model))
        return _as_declared(tables, [(table.name, OPAQUE) for table in tables for _ in range(table.size)])
    own = list(zip(columns.shown_names, columns.facts, strict=True))
    if names:
        return _renamed(names, own, is_named=columns.names is not None)
    if not tables:
        return (plan_column(name, [name], facts) for name, facts in own)
    if all(table.name in columns.shown_names for table in tables) and not any(table.shape for table in tables):
        by_name = {table.name: table for table in tables}
        return (plan_column(name, [name], facts, by_name.get(name)) for name, facts in own)
    if columns.names is not None and sum(table.size for table in tables) != len(own):
        own = _not_dropped(own)
    _check_declared(own, tables, columns.shown_names)
    return _as_declared(tables, own)


def _says_nothing(model: object) -> str:
    expected = f"expected {shown_name(model)} to say what it takes (n_features_in_)"
    for step in later_steps(model):
        if names := feature_names(step):
            listed = ",".join(names[:20]) + (",…" if len(names) > 20 else "")
            return (
                f"{expected}; {type(step).__qualname__} inside it takes {listed}: if the model takes the same, name "
                f"them by --features {listed}, else name its own there or in a sidecar"
            )
    in_code = 'feature_names_in_ = ["a", "b"]'
    return f"{expected}; name its features by --features or in a sidecar, or in its code by {in_code}"


def _renamed(
    names: Sequence[str], own: Sequence[tuple[str, ColumnFacts]], *, is_named: bool
) -> Iterator[PlannedColumn]:
    """Plan the features under the operator's names, in the model's order; those that it drops may be left out."""
    kept = _not_dropped(own)
    if is_named and len(names) == len(kept):
        own = kept
    if len(names) != len(own):
        raise ValueError(
            f"expected {len(own)} feature names, as many as the model takes, got {len(names)}: {', '.join(names)}"
        )
    own_names = [name for name, _ in own]
    if list(names) != own_names and sorted(names) == sorted(own_names):  # each would get the values of another
        raise ValueError(f"expected the features in the model's order, {', '.join(own_names)}, got {', '.join(names)}")
    return (plan_column(name, [column], facts) for name, (column, facts) in zip(names, own, strict=True))


def _not_dropped(own: Sequence[tuple[str, ColumnFacts]]) -> list[tuple[str, ColumnFacts]]:
    return [(name, facts) for name, facts in own if not facts.is_dropped]


def _check_declared(
    own: Sequence[tuple[str, ColumnFacts]], tables: Sequence["FeatureTable"], all_names: Sequence[str]
) -> None:
    """Reject tables that are neither some of the model's features by name nor all of them in order.

    Args:
        own: the columns that the tables describe: all, or those that the model does not drop.
        all_names: of all columns, with those that the model drops.
    """
    own_names = [name for name, _ in own]
    known = [table.name for table in tables if table.name in all_names]
    values = sum(table.size for table in tables)
    hints = {table.name: did_you_mean(table.name, all_names) for table in tables if table.name not in all_names}
    # As many tables as there are columns not dropped may also be some of the model's own, with one misspelt.
    is_misspelt = len(own) < len(all_names) and any(hints.values())
    is_all = values == len(own) and all(
        own_names[at] == table.name for at, table in _placed(tables) if table.name in known
    )
    if is_all and not is_misspelt:
        return
    if not hints and values == len(own):
        raise ValueError(f"expected the features in the model's order; {_listed(own_names)}")
    unknown = next((name for name, hint in hints.items() if hint), next(iter(hints), ""))
    if hints and (known or hints.get(unknown)):
        said = hints.get(unknown) or _listed(own_names)
        raise ValueError(f"expected features that the model has, got {unknown!r}; {said}")
    expected = f"expected features of {len(own)} values in all, as many as the model takes, got {values}"
    raise ValueError(f"{expected}; {_listed(own_names)}")


def _listed(own_names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(own_names))  # a tensor's values have the same
    return f"the model's are {', '.join(distinct[:20])}" + (", …" if len(distinct) > 20 else "")


def _placed(tables: Sequence["FeatureTable"]) -> Iterator[tuple[int, "FeatureTable"]]:
    place = 0
    for table in tables:
        yield place, table
        place += table.size


def _as_declared(tables: Sequence["FeatureTable"], own: Sequence[tuple[str, ColumnFacts]]) -> Iterator[PlannedColumn]:
    for place, table in _placed(tables):
        taken = own[place : place + table.size]
        yield plan_column(table.name, [name for name, _ in taken], taken[0][1], table)
