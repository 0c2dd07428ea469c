"""KnownInput: what a file format says of a model's input, besides what the model records and a sidecar declares."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from foreseen.domain.model.model_input import Takes

if TYPE_CHECKING:
    from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable


@dataclass(frozen=True, slots=True)
class KnownInput:
    """What a file says of the features of its model.

    Attributes:
        features: all of them in the model's order, under the names by which the model knows them.
        takes: the form in which the model is given them; None if it follows from the model, or is found by trial.
        path: of the file that says so, where that is another than the model's.
        origin: what says so, as it is shown beside a dtype.
        has_names: whether it names them; otherwise they are numbered, and what the model calls them counts.
    """

    features: tuple["FeatureTable", ...]
    takes: Takes | None = None
    path: Path | None = None
    origin: str = "its file"
    has_names: bool = True

    @property
    def own_names(self) -> list[str]:
        """The name of the feature that each value of an instance belongs to."""
        return [table.name for table in self.features for _ in range(table.size)]

    def under(self, names: Sequence[str]) -> "KnownInput":
        """Return the features under the names of the model's columns, if they have none and are as many."""
        if self.has_names or len(names) != len(self.features):
            return self
        renamed = (known.model_copy(update={"name": name}) for known, name in zip(self.features, names, strict=True))
        return replace(self, features=tuple(renamed))

    def declared(self, tables: Sequence["FeatureTable"]) -> list["FeatureTable"]:
        """Return the features as a sidecar declares them: each key that it leaves out is as the file says.

        Args:
            tables: some of the features by name, or all of them in order under names of the operator's. Others are
                returned as they are, for a comparison with the model's columns.
        """
        by_name = {table.name: table for table in tables}
        if by_name.keys() <= {known.name for known in self.features}:
            return [_merged(known, by_name.get(known.name)) for known in self.features]
        if len(tables) != len(self.features):
            return list(tables)
        return [_merged(known, table) for known, table in zip(self.features, tables, strict=True)]

    def renamed(self, names: Sequence[str]) -> list["FeatureTable"]:
        """Return the features under the operator's names, in the model's order.

        Raises:
            ValueError: there are more or fewer, or they are the model's own in another order.
        """
        own = [known.name for known in self.features]
        if len(names) != len(own):
            raise ValueError(
                f"expected {len(own)} feature names, as many as the model takes, got {len(names)}: {', '.join(names)}"
            )
        if list(names) != own and sorted(names) == sorted(own):  # each would get the values of another
            raise ValueError(f"expected the features in the model's order, {', '.join(own)}, got {', '.join(names)}")
        return [known.model_copy(update={"name": name}) for known, name in zip(self.features, names, strict=True)]


def _merged(known: "FeatureTable", declared: "FeatureTable | None") -> "FeatureTable":
    """Return what is known of a feature with the keys replaced that a sidecar declares."""
    if declared is None:
        return known
    replaced = {key: getattr(declared, key) for key in declared.model_fields_set}
    if any(replaced.get(key, getattr(known, key)) != getattr(known, key) for key in ("dtype", "categories", "shape")):
        # What it had may not fit these.
        of_values = {"example": None, "categories": None, "ordered": False}
        replaced = of_values | ({"dtype": None} if declared.categories else {}) | replaced
    return known.model_copy(update=replaced)
