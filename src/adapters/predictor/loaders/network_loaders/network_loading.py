"""Networks of PyTorch and Keras: what their files say of their inputs, and how many rows their calls have."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.object_loading import predictor_of_code, predictor_of_object
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.networks.tensor_model import TensorInput, TensorModel
from foreseen.adapters.predictor.own_code.own_modules import OwnModules
from foreseen.adapters.predictor.sidecar.known_input import KnownInput
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.ports import Predictor

if TYPE_CHECKING:
    from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable


def predictor_of_network(
    file: ModelFile, options: LoadOptions, model: TensorModel, loaded_from: LoadedFormat, *, libraries: Sequence[str]
) -> Predictor:
    """Describe and try a network, and decide how it is called; raise as `ModelLoader.load`.

    Args:
        libraries: distributions that answers depend on.
    """
    return predictor_of_object(
        file, _with_known_inputs(model, options), lambda *_: model, loaded_from, libraries=libraries
    )


def predictor_of_network_code(
    file: ModelFile,
    options: LoadOptions,
    make: Callable[[OwnModules], TensorModel],
    loaded_from: LoadedFormat,
    *,
    libraries: Sequence[str],
    within: Callable[[], AbstractContextManager[None]],
) -> Predictor:
    """Make a network by own code, describe and try it, and decide how it is called; raise as `ModelLoader.load`.

    Args:
        make: returns the network, given the own modules of its load, of which the code of `--code` is one; raises as
            `ModelLoader.load`.
        libraries: distributions that answers depend on.
        within: returns what is entered while the code is executed and the network is made and tried.
    """
    return predictor_of_code(
        file,
        options,
        make,
        loaded_from,
        kept_beside=file.named,
        libraries=libraries,
        within=within,
        options_for=lambda model: _with_known_inputs(cast("TensorModel", model), options),
    )


def _with_known_inputs(model: TensorModel, options: LoadOptions) -> LoadOptions:
    """Return the options with what a network says of its inputs, and of the rows that it takes at once."""
    options = replace(options, known_input=known_network_input(model.inputs, options))
    if model.rows is not None and options.calls.rows is None:
        return replace(options, calls=replace(options.calls, rows=model.rows))
    return options


def known_network_input(inputs: Sequence[TensorInput], options: LoadOptions) -> KnownInput:
    """Return the features of a network: a tensor for each input.

    A single input of k values is k features instead if the operator, the sidecar or the folder around the file names as
    many without a shape: as those of a table.
    """
    from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable  # noqa: PLC0415 - with pydantic, which few models need

    first = inputs[0]
    if len(inputs) == 1 and len(first.shape) == 1 and first.shape[0] == _named_columns(options) > 1:
        given = options.known_input
        is_named = given is not None and given.has_names and len(given.features) == first.shape[0]
        names = [f"{first.name}{place}" for place in range(first.shape[0])]
        if given is not None and is_named:  # as MLflow's signature does
            names = [table.name for table in given.features]
        return KnownInput(tuple(FeatureTable(name=name, dtype=first.dtype) for name in names), "array")
    tables = (FeatureTable(name=each.name, dtype=each.dtype, shape=list(each.shape)) for each in inputs)
    return KnownInput(tuple(tables), "tensors")


def declared_tables(options: LoadOptions) -> "Sequence[FeatureTable]":
    """Return the features that the operator, the sidecar or the folder around the file names; none if none does."""
    from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable, read_sidecar  # noqa: PLC0415 - as above

    if options.features:
        return [FeatureTable(name=name) for name in options.features]
    declared = read_sidecar(options.sidecar).features if options.sidecar else None
    return declared or (options.known_input.features if options.known_input else ())


def _named_columns(options: LoadOptions) -> int:
    tables = declared_tables(options)
    return 0 if any(table.shape for table in tables) else len(tables)
