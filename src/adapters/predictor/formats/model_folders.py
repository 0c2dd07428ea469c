"""Folders: models that are more than one file."""

from pathlib import Path
from typing import Final

from foreseen.adapters.predictor.formats.model_format import WRAP, FileFormat

_AS_KERAS: Final = "save the model that it was made from as model.keras, or export it to ONNX"


def folder_format(folder: Path) -> FileFormat:
    """Return what a folder is, and which file in it could be served."""
    names = {path.name for path in folder.iterdir()}
    saved = sorted(name for name in names if name.endswith((".joblib", ".pkl", ".pickle")))
    advice = f"name {folder / saved[0]}" if saved else WRAP
    if inner := sorted(name for name in names if (folder / name / "MLmodel").is_file()):
        return FileFormat("a folder around an MLflow model", f"name {folder / inner[0]}")
    if names & {"saved_model.pb", "saved_model.pbtxt"}:
        return FileFormat("a folder with a TensorFlow SavedModel", advice if saved else _AS_KERAS)
    if "config.json" in names and any(name.endswith((".safetensors", ".bin", ".h5")) for name in names):
        return FileFormat("a folder with a Hugging Face model", advice)
    if {"metadata", "stages"} <= names or {"metadata", "data"} <= names:
        return FileFormat("a folder with a Spark ML model", advice)
    return FileFormat("a directory", advice) if saved else FileFormat("a directory")
