"""PickleLoader: loads the objects that joblib or pickle saved."""

from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.formats.recognise_format import may_be_pickle
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.object_loading import predictor_of_object
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.unpickling.unpickle import unpickle
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.ports import Predictor


class PickleLoader:
    """Loads any object with `predict`. Loading runs whatever code the author of the file put into it."""

    saved_by = ("joblib", "pickle")
    takes_code = True

    def can_load(self, start: FileStart) -> bool:
        """Return True unless the file begins as another format: pickles have no first bytes of their own."""
        return may_be_pickle(start.head)

    def load(self, file: ModelFile, options: LoadOptions) -> Predictor:
        """Unpickle, describe and try a model, and decide how it is called."""
        return predictor_of_object(file, options, unpickle, LoadedFormat("pickle", runs_code=True))
