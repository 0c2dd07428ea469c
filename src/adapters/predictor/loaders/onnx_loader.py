"""OnnxLoader: loads graphs of ONNX, which onnxruntime computes."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from foreseen.adapters.predictor.call_sizes.call_decision import CallOptions
from foreseen.adapters.predictor.formats.binary_formats import ONNX, binary_format
from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.object_loading import predictor_of_object
from foreseen.adapters.predictor.loaders.required_library import required_library
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.onnx.external_data import ExternalData, read_external_data
from foreseen.adapters.predictor.onnx.first_call import ROWS, observed_answers
from foreseen.adapters.predictor.onnx.graph_answers import read_answers
from foreseen.adapters.predictor.onnx.graph_categories import graph_categories, with_examples
from foreseen.adapters.predictor.onnx.graph_input import known_input, shapes_of_rows
from foreseen.adapters.predictor.onnx.graph_operators import computes_rows_alone, require_known_operators
from foreseen.adapters.predictor.onnx.graph_tensors import fixed_rows, input_tensors
from foreseen.adapters.predictor.onnx.onnx_model import Graph, OnnxClassifier, OnnxModel
from foreseen.adapters.predictor.onnx.onnx_session import open_session, said_by_onnxruntime
from foreseen.adapters.predictor.sidecar.known_input import KnownInput
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.model.model_failure import message_text
from foreseen.domain.ports import Predictor

if TYPE_CHECKING:
    import onnx
    import onnxruntime

    from foreseen.adapters.predictor.sidecar.sidecar import FeatureTable

LIBRARIES: Final = ("numpy", "onnxruntime")
"""Distributions that are part of the fingerprint of every ONNX model."""

_OF_DOUBLES: Final = "; try: export it from columns of float32 instead of float64"
"""What helps where skl2onnx mixed float and double, as for a logistic regression on columns of float64."""


class OnnxLoader:
    """Loads a graph; no code of the file runs, and libraries of custom operators are not loaded."""

    saved_by = ("ONNX",)
    takes_code = False

    def can_load(self, start: FileStart) -> bool:
        """Return whether a file begins as the message of an ONNX model does."""
        return binary_format(start.head) is ONNX

    def load(self, file: ModelFile, options: LoadOptions) -> Predictor:
        """Read, describe and try a graph, and decide how it is called."""
        for library in ("onnx", "onnxruntime"):
            required_library(library, path=file.path, reads="ONNX models", extra="onnx")
        try:
            model = _parsed(file)
            require_known_operators(model)
            external = read_external_data(model, file.path)
            found, known = _opened(file, model, external, options)
        except ValueError as exc:
            raise ModelUnavailableError(f"{file.path}: {message_text(exc)}") from exc
        whole = replace(file, digest=sha256(file.digest + external.digest).digest()) if external.digest else file
        options = replace(options, known_input=known, calls=_calls(options.calls, found.graph.rows))
        return predictor_of_object(whole, options, lambda *_: found, LoadedFormat("ONNX"), libraries=LIBRARIES)


def _parsed(file: ModelFile) -> "onnx.ModelProto":
    """Return the model in a file; raise ModelUnavailableError if it is damaged."""
    import onnx  # noqa: PLC0415 - imported by now
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - with it

    try:
        model: onnx.ModelProto = onnx.ModelProto.FromString(file.content.read())
    except DecodeError as exc:
        raise ModelUnavailableError(f"{file.path}: expected a whole ONNX model: {message_text(exc)}") from exc
    return model


def _opened(
    file: ModelFile, model: "onnx.ModelProto", external: ExternalData, options: LoadOptions
) -> tuple[OnnxModel, KnownInput]:
    """Return a graph with a session, and what it takes.

    Raises:
        ValueError: what it takes or answers cannot be served.
        ModelUnavailableError: onnxruntime cannot load it.
    """
    inputs = input_tensors(model.graph)
    rows = fixed_rows(inputs)
    answers = read_answers(model)
    tables = _declared(options)
    try:
        known = known_input(inputs, names=options.features, declared=tables, given=options.known_input)
    except ValueError as exc:
        raise ModelUnavailableError(f"{options.sidecar if tables else file.path}: {message_text(exc)}") from exc
    session = _session(file, model, external, options.threads)
    shapes = shapes_of_rows(inputs, known)
    categories = graph_categories(model, external.contents, inputs, shapes, rows or ROWS)
    answers = observed_answers(session, inputs, shapes, categories.columns, answers, rows)
    graph = Graph(inputs, answers, rows, computes_rows_alone(model), categories)
    model_of_graph = (OnnxClassifier if answers.scores else OnnxModel)(session, graph)
    return model_of_graph, with_examples(known, inputs, categories.columns)


def _session(
    file: ModelFile, model: "onnx.ModelProto", external: ExternalData, threads: int
) -> "onnxruntime.InferenceSession":
    try:
        return open_session(model.SerializeToString(), external.contents, threads=threads)
    except Exception as exc:
        said = said_by_onnxruntime(exc)
        hint = _OF_DOUBLES if model.producer_name == "skl2onnx" and "tensor(double)" in said else ""
        raise ModelUnavailableError(f"{file.path}: expected a model that onnxruntime can load: {said}{hint}") from exc


def _declared(options: LoadOptions) -> Sequence["FeatureTable"]:
    """Return the features in the sidecar; none if there are names, which override it."""
    if options.features or options.sidecar is None:
        return ()
    from foreseen.adapters.predictor.sidecar.sidecar import read_sidecar  # noqa: PLC0415 - with pydantic, which few models need

    return read_sidecar(options.sidecar).features or ()


def _calls(calls: CallOptions, rows: int | None) -> CallOptions:
    """Return the options of calls with as many rows as a graph always takes; other calls cost it several."""
    return calls if rows is None or calls.rows is not None else replace(calls, rows=rows)
