"""LightGBMLoader: loads the text that LightGBM's `save_model` writes."""

from typing import Final

from foreseen.adapters.predictor.formats.binary_formats import LIGHTGBM, binary_format
from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.loaders.damaged_files import damage_named
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.object_loading import BOOSTER_LIBRARIES, predictor_of_object
from foreseen.adapters.predictor.loaders.required_library import required_library
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.ports import Predictor

_LINES: Final = ("end of trees", "parameters:", "end of parameters")
"""Lines that every text has, in this order, after the trees."""


class LightGBMLoader:
    """Loads trees from text; no code runs."""

    saved_by = ("LightGBM",)
    takes_code = False

    def can_load(self, start: FileStart) -> bool:
        """Return whether a file begins as LightGBM's text does."""
        return binary_format(start.head) is LIGHTGBM

    def load(self, file: ModelFile, options: LoadOptions) -> Predictor:
        """Read, describe and try a model, and decide how it is called."""
        return predictor_of_object(file, options, _read, LoadedFormat("LightGBM's text"), libraries=BOOSTER_LIBRARIES)


def _read(file: ModelFile, _: dict[str, object]) -> object:
    """Return the Booster in a file; raise ModelUnavailableError if the text is damaged."""
    lightgbm = required_library("lightgbm", path=file.path, reads="its models", extra="lightgbm")
    with damage_named(file.path, "LightGBM"):
        text = file.content.read().decode()
        _require_whole(text)
        return lightgbm.Booster(model_str=text)


def _require_whole(text: str) -> None:
    """Raise ValueError for a text that is cut off: LightGBM takes what there is, or ends the process by a fault."""
    if missing := next((line for line in _LINES if f"\n{line}" not in text), None):
        raise ValueError(f"the line {missing!r} is missing")
