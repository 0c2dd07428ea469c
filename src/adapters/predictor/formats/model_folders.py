"""Folders: models that are more than one file."""

import os
from pathlib import Path
from typing import Final

from foreseen.adapters.predictor.formats.model_format import WRAP, FileFormat

SAVED_MODEL: Final = "saved_model.pb"
"""The name of the file by which TensorFlow knows a folder as a SavedModel."""

_SAVED: Final = (".joblib", ".pkl", ".pickle", ".skops", ".ubj", ".cbm", ".onnx", ".pt2", ".keras")
"""How files are called that contain a model and nothing else."""

_NO_MODEL: Final = "a directory without the MLmodel of MLflow or the saved_model.pb of TensorFlow"

_AS_TEXT: Final = "save the model with tf.saved_model.save, which writes saved_model.pb"


def is_saved_model(folder: Path) -> bool:
    """Return whether TensorFlow wrote a folder, by the name of a file in it."""
    return os.path.isfile(folder / SAVED_MODEL)  # noqa: PTH113 - accepts a name that is too long


def folder_format(folder: Path) -> FileFormat:
    """Return what a folder is, and which file in it could be served."""
    names = {path.name for path in folder.iterdir()}
    saved = sorted(name for name in names if name.endswith(_SAVED))
    advice = f"name {folder / saved[0]}" if saved else WRAP
    if inner := sorted(name for name in names if (folder / name / "MLmodel").is_file()):
        return FileFormat("a folder around an MLflow model", f"name {folder / inner[0]}")
    if "saved_model.pbtxt" in names:
        return FileFormat("a folder with a TensorFlow SavedModel as text", advice if saved else _AS_TEXT)
    if inner := sorted(name for name in names if is_saved_model(folder / name)):
        return FileFormat("a folder around a TensorFlow SavedModel", f"name {folder / inner[0]}")
    if "config.json" in names and any(name.endswith((".safetensors", ".bin", ".h5")) for name in names):
        return FileFormat("a folder with a Hugging Face model", advice)
    if {"metadata", "stages"} <= names or {"metadata", "data"} <= names:
        return FileFormat("a folder with a Spark ML model", advice)
    return FileFormat(_NO_MODEL, advice) if saved else FileFormat(_NO_MODEL)
