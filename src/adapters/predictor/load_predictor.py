"""Load: from a model file to a predictor that is ready to answer, by the loader of the file's format."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from foreseen.adapters.predictor.call_sizes.call_decision import CallOptions
from foreseen.adapters.predictor.formats.other_format import OtherFormatError
from foreseen.adapters.predictor.loaders.loader_registry import loadable_formats, loader_of
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.model_file.model_file import open_model_file
from foreseen.adapters.predictor.model_file.pinned_digest import pinned_digest
from foreseen.adapters.predictor.sidecar.sidecar_place import find_sidecar
from foreseen.domain.errors import ForeseenError, ModelUnavailableError
from foreseen.domain.model.call_size import CallsFor, CallSize
from foreseen.domain.model.model_failure import failure_text
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
) -> Predictor:
    """Load a model by the loader of its format.

    Args:
        outputs: methods to call, of "predict" and "predict_proba".
        features: names of its inputs, above what the sidecar or the model say.
        missing: names of those that may be missing, above what the sidecar or the model say.
        sidecar: a TOML file that describes its inputs, and lists files that its code reads.
        finds_sidecar: whether the one beside the model is read where none is named.
        sha256: hex digest that the file must have, checked before a byte of it is loaded; or a file that holds it.
        rows_per_call: rows of each model call; 0 for any, None for as many as keep every bit.
        calls_for: what it is loaded for, where that number is not given.
        decided: how it is called, as was decided where a run was started; None to decide it here.
        threads: of the libraries that compute.
        code: the script that defines the classes which the file knows as those of `__main__`.
    Raises:
        ModelUnavailableError: it cannot be read, loaded or described, or lacks one of these outputs.
    """
    options = LoadOptions(
        outputs=outputs,
        features=features,
        missing=missing or (),
        sidecar=find_sidecar(path, sidecar) if finds_sidecar else sidecar,
        calls=CallOptions(rows_per_call, calls_for, decided),
        threads=threads,
        code=code,
    )
    with _failures_named(path):
        pinned = None if sha256 is None else pinned_digest(sha256, path)
        with open_model_file(path, pinned_sha256=pinned) as file:
            return loader_of(file).load(file, options)


@contextmanager
def _failures_named(path: Path) -> Iterator[None]:
    """Name the file in whatever a model's own code raises beside its methods, in properties and setters."""
    try:
        yield
    except ForeseenError:
        raise
    except OtherFormatError as exc:
        raise ModelUnavailableError(f"{path}: expected {loadable_formats()}, got {exc}") from exc
    except Exception as exc:
        log.debug("%s", path, exc_info=True)
        raise ModelUnavailableError(f"{path}: expected a model that can be loaded: {failure_text(exc)}") from exc
