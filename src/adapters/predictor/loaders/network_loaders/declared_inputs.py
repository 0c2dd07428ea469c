"""The inputs of networks that do not know their shapes, as the operator or the sidecar declares them."""

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.network_loaders.network_loading import declared_tables
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.networks.tensor_model import TensorInput
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.values.signature import DATETIMES

if TYPE_CHECKING:
    from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable


def declared_inputs(
    torch: ModuleType, file: ModelFile, options: LoadOptions, count: int, *, reason: str, instead: str = ""
) -> Sequence[TensorInput]:
    """Return the inputs in the order of a network's arguments; one of k values for the k columns of a table.

    Args:
        count: of arguments that must be given.
        reason: why they must be declared: "TorchScript does not record shapes".
        instead: what helps as well, as it follows the hint to declare them: ", or torch.export.save".
    Raises:
        ModelUnavailableError: fewer are declared, or one that is no number; or the columns of a table have different
            dtypes, of which a tensor has one.
    """
    inputs = [_declared_input(torch, file, table) for table in declared_tables(options)]
    if count == 1 < len(inputs) and not any(each.shape for each in inputs):  # columns of a table
        _require_one_dtype(file, inputs)
        return [TensorInput("x", inputs[0].dtype, (len(inputs),), inputs[0].own_dtype)]
    if len(inputs) < count or not inputs:
        described = f"the {count} inputs" if count > 1 else "the input"
        columns = "--features A,B,… for the columns of a table, or " if count == 1 else ""
        raise ModelUnavailableError(
            f"{file.path}: expected a sidecar that describes {described} of the model, as {reason}, "
            f"got {len(inputs) or 'none'}; try: {columns}[[features]] with name, dtype and shape in "
            f"{options.sidecar or file.path.with_suffix('.toml')}{instead}"
        )
    return inputs


def _require_one_dtype(file: ModelFile, columns: Sequence[TensorInput]) -> None:
    first = columns[0]
    for each in columns[1:]:
        if each.dtype != first.dtype:
            raise ModelUnavailableError(
                f"{file.path}: expected features of one dtype, since they are the columns of one tensor, got "
                f"{first.dtype} for {first.name!r} and {each.dtype} for {each.name!r}; try: the same dtype for each"
            )


def _declared_input(torch: ModuleType, file: ModelFile, table: "FeatureTable") -> TensorInput:
    """Return an input as the sidecar declares it: float32 if that says no dtype, as PyTorch's own."""
    from foreseen.adapters.predictor.sidecar.declared_dtype import declared_dtype  # noqa: PLC0415 - with the sidecar only

    dtype = declared_dtype(table.dtype).dtype if table.dtype else "float32"
    if dtype is None or dtype == "string" or dtype in DATETIMES:
        raise ModelUnavailableError(f"{file.path}: feature {table.name!r}: expected a number, got {table.dtype}")
    return TensorInput(table.name, dtype, tuple(table.shape), getattr(torch, dtype))
