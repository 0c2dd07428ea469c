"""What a library raises while it reads a model file that is damaged, in one line that names the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.model_failure import failure_text


@contextmanager
def damage_named(path: Path, library: str) -> Iterator[None]:
    """Raise ModelUnavailableError for whatever the block raises, in the words of one that rejects the file itself."""
    try:
        yield
    except ModelUnavailableError:  # such as of a file that was changed meanwhile
        raise
    except RejectedFileError as exc:
        raise ModelUnavailableError(f"{path}: {exc}") from exc
    except Exception as exc:
        raise ModelUnavailableError(f"{path}: expected a whole model of {library}: {failure_text(exc)}") from exc
