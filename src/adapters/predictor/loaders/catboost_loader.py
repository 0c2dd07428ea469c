"""CatBoostLoader: loads what CatBoost's `save_model` writes, as cbm or JSON."""

from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from foreseen.adapters.predictor.formats.binary_formats import CATBOOST, binary_format
from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.formats.text_formats import CATBOOST_JSON, document_format
from foreseen.adapters.predictor.loaders.damaged_files import damage_named
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.object_loading import BOOSTER_LIBRARIES, predictor_of_object
from foreseen.adapters.predictor.loaders.required_library import required_library
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.ports import Predictor

if TYPE_CHECKING:
    from catboost import CatBoost


class CatBoostLoader:
    """Loads trees; no code runs. The file has the labels of a classifier."""

    saved_by = ("CatBoost",)
    takes_code = False

    def can_load(self, start: FileStart) -> bool:
        """Return whether a file begins as CatBoost's do."""
        return binary_format(start.head) is CATBOOST or document_format(start.head) is CATBOOST_JSON

    def load(self, file: ModelFile, options: LoadOptions) -> Predictor:
        """Read, describe and try a model, and decide how it is called."""
        return predictor_of_object(file, options, _read, LoadedFormat("CatBoost's own"), libraries=BOOSTER_LIBRARIES)


def _read(file: ModelFile, _: dict[str, object]) -> object:
    """Return the model in a file; raise ModelUnavailableError if it is damaged."""
    catboost = required_library("catboost", path=file.path, reads="its models", extra="catboost")
    with damage_named(file.path, "CatBoost"):
        content = file.content.read()
        model = _loaded(catboost.CatBoost(), content)
        if len(model.classes_):
            return _loaded(catboost.CatBoostClassifier(), content)
        # Otherwise it answers as one of RMSE: of Poisson or Tweedie, by the logarithm.
        loss = model.get_all_params()["loss_function"]
        return _loaded(catboost.CatBoostRegressor(loss_function=loss), content)


def _loaded(model: "CatBoost", content: bytes) -> "CatBoost":
    """Return a model with what was saved; CatBoost reads JSON from files alone."""
    if binary_format(content) is CATBOOST:
        return model.load_model(blob=content)
    with NamedTemporaryFile(suffix=".json") as copy:
        copy.write(content)
        copy.flush()
        return model.load_model(copy.name, format="json")
