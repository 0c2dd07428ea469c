"""What a library raises while it reads a model file that is damaged, in one line that names the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.model_failure import failure_text


@contextmanager
def damage_named(path: Path, library: str) -> Iterator[None]:
    """Raise ModelUnavailableError for whatever the block raises; one that it raises itself stays as it is."""
    try:
        yield
    except ModelUnavailableError:  # such as of a file that was changed meanwhile
        raise
    except Exception as exc:
        raise ModelUnavailableError(f"{path}: expected a whole model of {library}: {failure_text(exc)}") from exc
