"""The registry: which loader a model file has, by what it begins with."""

from collections.abc import Sequence
from typing import Final

from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.formats.other_format import OtherFormatError
from foreseen.adapters.predictor.formats.recognise_format import recognised
from foreseen.adapters.predictor.loaders.catboost_loader import CatBoostLoader
from foreseen.adapters.predictor.loaders.lightgbm_loader import LightGBMLoader
from foreseen.adapters.predictor.loaders.model_loader import ModelLoader
from foreseen.adapters.predictor.loaders.network_loaders.keras_loader import KerasLoader
from foreseen.adapters.predictor.loaders.network_loaders.saved_model_loader import SavedModelLoader
from foreseen.adapters.predictor.loaders.network_loaders.torch_loader import TorchLoader
from foreseen.adapters.predictor.loaders.network_loaders.torch_module_loader import TorchModuleLoader
from foreseen.adapters.predictor.loaders.onnx_loader import OnnxLoader
from foreseen.adapters.predictor.loaders.pickle_loader import PickleLoader
from foreseen.adapters.predictor.loaders.python_loader import PythonLoader
from foreseen.adapters.predictor.loaders.skops_loader import SkopsLoader
from foreseen.adapters.predictor.loaders.xgboost_loader import XGBoostLoader
from foreseen.adapters.predictor.model_file.model_file import ModelFile

LOADERS: Final[Sequence[ModelLoader]] = (
    SkopsLoader(),
    LightGBMLoader(),
    XGBoostLoader(),
    CatBoostLoader(),
    SavedModelLoader(),  # before ONNX, whose files begin alike
    OnnxLoader(),
    PythonLoader(),
    TorchLoader(),
    TorchModuleLoader(),
    KerasLoader(),
    PickleLoader(),  # must be last: a pickle may begin with almost anything
)
"""A loader for each format; the first one that accepts a file loads it."""


def loader_of(file: ModelFile) -> ModelLoader:
    """Return the loader of a file's format; raise OtherFormatError where there is none."""
    start = FileStart.of(file.content, file.path.name)
    for loader in LOADERS:
        if loader.can_load(start):
            return loader
    raise OtherFormatError(recognised(file.content))


def loadable_formats() -> str:
    """Return which models can be loaded, as it follows "expected"."""
    *others, last = [name for loader in reversed(LOADERS) for name in loader.saved_by]
    listed = f"{', '.join(others)} or {last}" if others else last
    return f"a model saved by {listed}"
