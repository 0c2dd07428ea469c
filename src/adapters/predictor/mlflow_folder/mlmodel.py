"""MLmodel: the file of an MLflow folder that says which model is in it, and what that takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from foreseen.adapters.predictor.mlflow_folder.yaml_document import read_yaml
from foreseen.domain.errors import ModelUnavailableError

NAME: Final = "MLmodel"
"""The name of the file, by which such a folder is known."""


_OF_ONE_SAVING: Final = frozenset(
    {"artifact_path", "model_id", "model_size_bytes", "model_uuid", "run_id", "utc_time_created"}
)


@dataclass(frozen=True, slots=True)
class MLmodel:
    """What Foreseen uses of the file.

    Attributes:
        path: of the file.
        flavors: what each library that can load the model needs to know, by the flavor's name.
        inputs: JSON that describes the model's inputs; empty if there is none.
        example: name of a file with instances of the model's input; empty if there is none.
        stable: all that it says, without what differs whenever the same model is saved.

    Source:
        MLflow, mlflow/models/model.py
    """

    path: Path
    flavors: Mapping[str, Mapping[str, object]]
    inputs: str = ""
    example: str = ""
    stable: Mapping[object, object] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, content: bytes, path: Path) -> Self:
        """Read the content of a file; raise ModelUnavailableError if it is not what MLflow writes."""
        document = read_yaml(content, path)
        return cls(
            path,
            _flavors(document.get("flavors"), path),
            _text(document.get("signature"), "inputs"),
            _text(document.get("saved_input_example_info"), "artifact_path"),
            {key: value for key, value in document.items() if key not in _OF_ONE_SAVING},
        )


def _flavors(found: object, path: Path) -> Mapping[str, Mapping[str, object]]:
    if not isinstance(found, dict) or not found:
        raise ModelUnavailableError(f"{path}: expected the entry flavors with a table for each, got {_shown(found)}")
    for name, table in found.items():
        if not isinstance(name, str) or not isinstance(table, dict):
            raise ModelUnavailableError(f"{path}: flavors.{name}: expected a table, got {_shown(table)}")
    return found


def _text(table: object, key: str) -> str:
    found = table.get(key) if isinstance(table, dict) else None
    return found if isinstance(found, str) else ""


def _shown(value: object) -> str:
    text = "none" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
