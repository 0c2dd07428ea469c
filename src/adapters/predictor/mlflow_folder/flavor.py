"""Flavor: in which of the ways that MLmodel lists a model is loaded, and from which file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from foreseen.adapters.predictor.mlflow_folder.mlmodel import MLmodel
from foreseen.domain.errors import ModelUnavailableError

PYTHON_FUNCTION: Final = "python_function"
"""The flavor that only MLflow itself can load."""

_PICKLES: Final = ("pickle", "cloudpickle")


@dataclass(frozen=True, slots=True)
class _Native:
    """Where a flavor says what its file is.

    Attributes:
        keys: of its table, that name the file.
        names: of the file where the table names none, or in the folder that it names.
        may_be_pickle: whether it is a pickle unless its table says otherwise.
    """

    keys: tuple[str, ...]
    names: tuple[str, ...]
    may_be_pickle: bool = False


_NATIVE: Final[Mapping[str, _Native]] = {
    "sklearn": _Native(("pickled_model",), ("model.pkl", "model.skops"), may_be_pickle=True),
    "lightgbm": _Native(("data",), ("model.lgb", "model.pkl", "model.skops")),
    "xgboost": _Native(("data",), ("model.ubj", "model.json", "model.xgb")),
    "catboost": _Native(("data",), ("model.cb",)),
    "onnx": _Native(("data",), ("model.onnx",)),
    "keras": _Native(("data",), ("data/model.keras", "model.keras", "data/model.h5", "model.h5")),
    "tensorflow": _Native(
        ("data", "saved_model_dir"),
        ("data/model.keras", "model.keras", "data/model.h5", "saved_model.pb", "model/saved_model.pb"),
    ),
    "pytorch": _Native(("model_data",), ("data/model.pt2", "data/model.pth", "data/model.pt"), may_be_pickle=True),
}
"""The flavors whose file has a loader, the preferred ones first.

Source:
    MLflow, mlflow/<flavor>/__init__.py
"""


@dataclass(frozen=True, slots=True)
class Flavor:
    """One way to load a model.

    Attributes:
        name: "sklearn".
        files: names of what may be its file, relative to the folder; the first that exists is. None for MLflow itself.
        code: name of the folder with modules of the model's author; empty if there is none.
        may_be_pickle: whether its file may be a pickle.
        settings: everything that MLmodel says of it, as JSON: part of what identifies the model. For MLflow's own,
            everything that it says at all, except when and where the model was saved.
    """

    name: str
    files: tuple[PurePosixPath, ...]
    code: str
    may_be_pickle: bool
    settings: bytes

    @property
    def is_of_mlflow(self) -> bool:
        """Whether only MLflow itself can load it."""
        return self.name == PYTHON_FUNCTION


def chosen_flavor(found: MLmodel) -> Flavor:
    """Return the flavor to load a model by: one whose own file has a loader, else MLflow's own.

    Raises:
        ModelUnavailableError: there is neither, or the table of the flavor is not what MLflow writes.
    """
    name = next((name for name in (*_NATIVE, PYTHON_FUNCTION) if name in found.flavors), None)
    if name is None:
        known = ", ".join((*_NATIVE, PYTHON_FUNCTION))
        raise ModelUnavailableError(f"{found.path}: expected a flavor of {known}, got {', '.join(found.flavors)}")
    table = found.flavors[name]
    code = table.get("code") or found.flavors.get(PYTHON_FUNCTION, {}).get("code") or ""
    return Flavor(
        name,
        _files(found, name, table),
        _relative_name(found, f"{name}.code", code) if code else "",
        may_be_pickle=_may_be_pickle(name, table),
        settings=_json([name, found.stable if name == PYTHON_FUNCTION else table]),
    )


def _files(found: MLmodel, name: str, table: Mapping[str, object]) -> tuple[PurePosixPath, ...]:
    if name == PYTHON_FUNCTION:
        return ()
    native = _NATIVE[name]
    for key in native.keys:
        if (named := table.get(key)) is not None:
            place = PurePosixPath(_relative_name(found, f"{name}.{key}", named))
            # Keras, TensorFlow and PyTorch name the folder of the file.
            return (place, *(place / each.removeprefix("data/") for each in native.names))
    return tuple(map(PurePosixPath, native.names))


def _may_be_pickle(name: str, table: Mapping[str, object]) -> bool:
    """Return whether the file may be a pickle: one that should be of a format that runs no code is rejected."""
    if (declared := table.get("serialization_format")) is not None:
        return declared in _PICKLES
    is_pickle = name == "lightgbm" and str(table.get("data", "")).endswith(".pkl")  # MLflow before version 3
    return _NATIVE[name].may_be_pickle or is_pickle if name in _NATIVE else True


def _json(settings: object) -> bytes:
    """Return JSON in a fixed order; keys of YAML may be of any type, which cannot be compared with one another."""

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return sorted(([repr(key), plain(each)] for key, each in value.items()), key=lambda pair: str(pair[0]))
        if isinstance(value, set):  # whose order differs from process to process
            return sorted(map(repr, value))
        return [plain(each) for each in value] if isinstance(value, list) else repr(value)

    return json.dumps(plain(settings)).encode()


def _relative_name(found: MLmodel, entry: str, name: object) -> str:
    """Return a name of MLmodel; raise ModelUnavailableError if it leads out of the folder."""
    if not isinstance(name, str) or not name or "\0" in name:
        raise ModelUnavailableError(f"{found.path}: flavors.{entry}: expected the name of a file, got {name!r}")
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts:
        raise ModelUnavailableError(f"{found.path}: flavors.{entry}: expected a file in this folder, got {name!r}")
    return name
