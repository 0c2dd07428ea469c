"""XGBoostLoader: loads what XGBoost's `save_model` writes, as JSON or UBJSON."""

import json
from typing import TYPE_CHECKING

from foreseen.adapters.predictor.formats.binary_formats import XGBOOST
from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.formats.text_formats import document_format
from foreseen.adapters.predictor.loaders.damaged_files import damage_named
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.loaders.object_loading import BOOSTER_LIBRARIES, predictor_of_object
from foreseen.adapters.predictor.loaders.required_library import required_library
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.ports import Predictor

if TYPE_CHECKING:
    from xgboost import Booster


class XGBoostLoader:
    """Loads trees from a document; no code runs."""

    saved_by = ("XGBoost",)
    takes_code = False

    def can_load(self, start: FileStart) -> bool:
        """Return whether a file begins as XGBoost's documents do."""
        return document_format(start.head) is XGBOOST

    def load(self, file: ModelFile, options: LoadOptions) -> Predictor:
        """Read, describe and try a model, and decide how it is called."""
        return predictor_of_object(file, options, _read, LoadedFormat("XGBoost's own"), libraries=BOOSTER_LIBRARIES)


def _read(file: ModelFile, _: dict[str, object]) -> object:
    """Return the Booster in a file; raise ModelUnavailableError if it is damaged."""
    xgboost = required_library("xgboost", path=file.path, reads="its models", extra="xgboost")
    with damage_named(file.path, "XGBoost"):
        content = file.content.read()
        if not content.rstrip().endswith(b"}"):  # XGBoost reads beyond the end, which may end the process by a fault
            raise ValueError("it does not end as a document does")
        booster = xgboost.Booster()
        booster.load_model(bytearray(content))
    return _up_to_the_best(booster)


def _up_to_the_best(booster: "Booster") -> "Booster":
    """Return the trees that predict: those of scikit-learn's classes stop at the best, if training stopped early."""
    if booster.attr("scikit_learn") is None or (best := booster.attr("best_iteration")) is None:
        return booster
    kept = booster[: int(best) + 1]
    if "c" in (booster.feature_types or ()):
        return _with_categories_of(booster, kept)
    return kept


def _with_categories_of(whole: "Booster", kept: "Booster") -> "Booster":
    """Return some trees of a Booster with the categories that all were trained on, which slicing drops."""
    documents = [json.loads(each.save_raw("json")) for each in (kept, whole)]
    boosters = (document["learner"]["gradient_booster"] for document in documents)
    trees, all_trees = (each.get("gbtree", each)["model"] for each in boosters)  # those of DART are within another
    trees["cats"] = all_trees["cats"]
    kept.load_model(bytearray(json.dumps(documents[0]).encode()))
    return kept
