"""The registry: which loader a model file has, by its first bytes."""

from collections.abc import Sequence
from typing import Final

from foreseen.adapters.predictor.formats.model_format import HEAD_BYTES
from foreseen.adapters.predictor.formats.other_format import OtherFormatError
from foreseen.adapters.predictor.formats.recognise_format import recognised
from foreseen.adapters.predictor.loaders.model_loader import ModelLoader
from foreseen.adapters.predictor.loaders.pickle_loader import PickleLoader
from foreseen.adapters.predictor.model_file.model_file import ModelFile

LOADERS: Final[Sequence[ModelLoader]] = (
    PickleLoader(),  # the last: a pickle may begin with almost anything
)
"""Every format that can be loaded; the first loader that accepts a file loads it."""


def loader_of(file: ModelFile) -> ModelLoader:
    """Return the loader of a file's format; raise OtherFormatError where there is none."""
    head = file.content.read(HEAD_BYTES)
    file.content.seek(0)
    for loader in LOADERS:
        if loader.can_load(head):
            return loader
    raise OtherFormatError(recognised(file.content))


def loadable_formats() -> str:
    """Return which models can be loaded, as it follows "expected"."""
    *others, last = [name for loader in reversed(LOADERS) for name in loader.saved_by]
    listed = f"{', '.join(others)} or {last}" if others else last
    return f"a model saved by {listed}"
