"""Metadata of the served model, as the Open Inference Protocol describes its tensors."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from foreseen.domain.model.model_info import ModelInfo
from foreseen.entrypoints.http.protocols.oip.datatypes import BYTES, datatype_of
from foreseen.entrypoints.http.protocols.oip.infer_answer import output_forms
from foreseen.entrypoints.http.protocols.oip.output_tensors import VARIABLE

SERVER_NAME: Final = "foreseen"
EXTENSIONS: Final = ("binary_tensor_data", "model_configuration", "model_repository", "statistics")


class TensorMetadata(NamedTuple):
    """An input or an output; its shape begins with the number of instances, and has -1 for what varies."""

    name: str
    datatype: str
    shape: Sequence[int]


def input_metadata(info: ModelInfo) -> list[TensorMetadata]:
    """Return the inputs of a model: one for each feature."""
    return [
        TensorMetadata(feature.name, datatype_of(feature), [VARIABLE, *feature.shape])
        for feature in info.signature.features
    ]


def output_metadata(info: ModelInfo) -> list[TensorMetadata]:
    """Return the outputs of a model."""
    return [TensorMetadata(form.name, form.datatype, list(form.shape)) for form in output_forms(info)]


def platform_of(info: ModelInfo) -> str:
    """Return what a model was loaded from, as one word."""
    format_name = "".join(part if part.isalnum() else "_" for part in info.loaded_from.name.lower())
    return f"{SERVER_NAME}_{format_name}" if format_name else SERVER_NAME


def config_type(datatype: str) -> str:
    """Return how a model configuration of Triton calls a datatype."""
    return "TYPE_STRING" if datatype == BYTES else f"TYPE_{datatype}"
