"""Unpickling: a model object from a file, with a message of one line for every way it can fail."""

from contextlib import suppress
from traceback import walk_tb

from foreseen.adapters.predictor.formats.model_format import HEAD_BYTES, FileFormat
from foreseen.adapters.predictor.formats.other_format import OtherFormatError
from foreseen.adapters.predictor.formats.recognise_format import may_be_pickle, recognised
from foreseen.adapters.predictor.model_file.compression import decompressed
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.unpickling.frugal_unpickler import load
from foreseen.adapters.predictor.unpickling.load_trouble import trouble
from foreseen.adapters.predictor.unpickling.load_warnings import reported_warnings
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.model_failure import failure_text, is_interruption


def unpickle(file: ModelFile, builtins: dict[str, object] | None = None) -> object:
    """Load what joblib or pickle saved, classes of the user's own included.

    Args:
        builtins: of functions in the file; None for the process's own.
    Raises:
        OtherFormatError: not a pickle.
        ModelUnavailableError: cut short, or of a class that cannot be imported.
    """
    if found := _compressed_format(file):
        raise OtherFormatError(found)
    with reported_warnings(file.path):
        return _loaded(file, builtins)


def _compressed_format(file: ModelFile) -> FileFormat | None:
    """Return the format inside a file that joblib's compressors wrote, if it is certainly not a pickle."""
    with suppress(Exception):  # what cannot be decompressed is reported when it is loaded
        if not may_be_pickle(decompressed(file.content).read(HEAD_BYTES)):
            return recognised(decompressed(file.content))
    return None


def _loaded(file: ModelFile, builtins: dict[str, object] | None) -> object:
    path = file.path
    try:
        return load(decompressed(file.content), builtins)
    except ModelUnavailableError:  # the file was changed meanwhile, or another user may write to a module
        raise
    except Exception as exc:
        raise ModelUnavailableError(f"{path}: {trouble(exc, file)}") from exc
    except BaseException as exc:
        if is_interruption(exc):
            raise
        raise ModelUnavailableError(
            f"{path}: expected module {_raising_module(exc)!r}, which the model needs, to be imported to its end, got "
            f"{failure_text(exc)}; move what ends the program under if __name__ == '__main__'"
        ) from exc


def _raising_module(exc: BaseException) -> str:
    """Return the name of the innermost module that was being imported when this was raised."""
    frames = [frame for frame, _ in walk_tb(exc.__traceback__) if frame.f_code.co_name == "<module>"]
    return str(frames[-1].f_globals.get("__name__", "")) if frames else ""
