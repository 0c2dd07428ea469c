"""What a network takes is named by its folder where neither the operator nor a sidecar names it."""

from foreseen.adapters.predictor.call_sizes.call_decision import CallOptions
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.network_loaders.network_loading import declared_tables, known_network_input
from foreseen.adapters.predictor.networks.tensor_model import TensorInput
from foreseen.adapters.predictor.sidecar.known_input import KnownInput
from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable

INPUT = TensorInput("input", "float32", (2,), None)
COLUMNS = (FeatureTable(name="width", dtype="float64"), FeatureTable(name="height", dtype="float64"))


def options(known: KnownInput | None = None, features: tuple[str, ...] | None = None) -> LoadOptions:
    calls = CallOptions(None, "requests", None)
    return LoadOptions(("predict",), features, (), None, calls, 1, None, known_input=known)


def test_columns_of_the_folder_are_those_of_the_network() -> None:
    found = known_network_input([INPUT], options(KnownInput(COLUMNS)))

    assert [(table.name, table.dtype) for table in found.features] == [("width", "float32"), ("height", "float32")]


def test_without_a_folder_the_network_takes_a_tensor() -> None:
    (table,) = known_network_input([INPUT], options()).features

    assert (table.name, table.shape) == ("input", [2])


def test_the_operators_names_come_before_those_of_the_folder() -> None:
    assert [table.name for table in declared_tables(options(KnownInput(COLUMNS), ("a", "b")))] == ["a", "b"]
