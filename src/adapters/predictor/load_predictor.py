"""Load a model file into a predictor that is ready to answer, by the loader of its format."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from foreseen.adapters.predictor.call_sizes.call_decision import CallOptions
from foreseen.adapters.predictor.engines.load_engine import EngineChoice
from foreseen.adapters.predictor.formats.model_folders import is_saved_model
from foreseen.adapters.predictor.formats.other_format import OtherFormatError
from foreseen.adapters.predictor.load_folder import load_folder, load_saved_model
from foreseen.adapters.predictor.loaders.loader_registry import loadable_formats, loader_of
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions, load_by
from foreseen.adapters.predictor.loaders.python_loader import PythonLoader, load_named_object
from foreseen.adapters.predictor.mlflow_folder.model_folder import is_model_folder
from foreseen.adapters.predictor.model_file.model_file import open_model_file
from foreseen.adapters.predictor.model_file.pinned_digest import pinned_digest
from foreseen.adapters.predictor.python_objects.object_reference import reference_of
from foreseen.adapters.predictor.scikit_learn.warning_races import ignore_warning_races
from foreseen.adapters.predictor.sidecar.sidecar_place import find_sidecar
from foreseen.domain.errors import ForeseenError, ModelUnavailableError
from foreseen.domain.model.call_size import CallsFor, CallSize
from foreseen.domain.model.model_failure import failure_text, is_interruption
from foreseen.domain.ports import Predictor

log = logging.getLogger(__name__)


def load_predictor(
    path: Path,
    *,
    outputs: Sequence[str] = ("predict",),
    features: Sequence[str] | None = None,
    missing: Sequence[str] | None = None,
    sidecar: Path | None = None,
    finds_sidecar: bool = True,
    sha256: str | None = None,
    rows_per_call: int | None = None,
    calls_for: CallsFor = "requests",
    decided: CallSize | None = None,
    threads: int = 1,
    code: Path | None = None,
    engine: EngineChoice = "auto",
    trusted_types: Sequence[str] = (),
) -> Predictor:
    """Load a model by the loader of its format, or what a name in a module or in a Python file means.

    Args:
        path: a model file, or MODULE:NAME or FILE.py:NAME; a file that exists is never taken for a name.
        outputs: what to predict, by the format's own names: "predict".
        features: names of its inputs; they override the sidecar and the model.
        missing: names of the inputs that may be missing; they override the sidecar and the model.
        sidecar: a TOML file that describes its inputs, and lists files that its code reads.
        finds_sidecar: whether the sidecar beside the model is read if none is named.
        sha256: hex digest that the file must have, checked before a byte of it is loaded; or a file that contains it.
        rows_per_call: rows of each model call; 0 for any number, None for as many as change no bit of an answer.
        calls_for: what the calls are for; used only where `rows_per_call` is None.
        decided: the call size that the process which started a run decided; None to decide it here.
        threads: how many the model's libraries compute with.
        code: the script that defines the classes which the file refers to as those of `__main__`, or the module of
            PyTorch's weights.
        engine: auto for an engine if its bits are those of the library; library for none.
        trusted_types: names of types that a file may have an instance of, besides those that its format trusts.
    Raises:
        ModelUnavailableError: it cannot be read, loaded or described, or lacks one of these outputs.
    """
    ignore_warning_races()  # here, since a process may call its model side by side as soon as it is loaded
    with _failures_named(path):
        reference = reference_of(path)
        source = path if reference is None else reference.source(code)
        found = find_sidecar(source, sidecar) if finds_sidecar and source is not None else sidecar
        options = LoadOptions(
            outputs=outputs,
            features=features,
            missing=missing or (),
            sidecar=found,
            calls=CallOptions(rows_per_call, calls_for, decided),
            threads=threads,
            code=code,
            engine=engine,
            trusted_types=trusted_types,
        )
        if reference is not None and not reference.is_in_file:
            return load_named_object(reference, options, is_pinned=sha256 is not None)
        at = path if reference is None else Path(reference.place)
        pinned = None if sha256 is None else pinned_digest(sha256, at)
        if reference is None and is_model_folder(path):
            return load_folder(path, options, pinned_sha256=pinned)
        if reference is None and is_saved_model(path):
            return load_saved_model(path, options, pinned_sha256=pinned)
        with open_model_file(at, pinned_sha256=pinned) as file:
            loader = loader_of(file) if reference is None else PythonLoader(reference.name)
            return load_by(loader, file, options)


@contextmanager
def _failures_named(path: Path) -> Iterator[None]:
    """Name the file in every error: a model's own properties and setters may raise anything, and end the program."""
    try:
        yield
    except ForeseenError:
        raise
    except OtherFormatError as exc:
        raise ModelUnavailableError(f"{path}: expected {loadable_formats()}, got {exc}") from exc
    except BaseException as exc:
        if is_interruption(exc):
            raise
        log.debug("%s", path, exc_info=True)
        raise ModelUnavailableError(f"{path}: expected a model that can be loaded: {failure_text(exc)}") from exc
