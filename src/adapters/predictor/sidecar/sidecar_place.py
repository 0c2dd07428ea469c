"""Where the sidecar of a model is."""

import os
from pathlib import Path


def sidecar_beside(model_path: Path) -> Path:
    """Return where the sidecar of a model is if none is named: `model.toml` for `model.joblib`, or a folder `model`."""
    if os.path.isdir(model_path):  # noqa: PTH112 - accepts a name that is too long
        folder = model_path.resolve() if model_path.name in ("", "..") else model_path
        # A folder's name may have a dot, but no suffix; that of / is empty, and cannot be replaced.
        return folder.parent / f"{folder.name}.toml"
    return model_path.with_suffix(".toml")


def find_sidecar(model_path: Path, sidecar_path: Path | None) -> Path | None:
    """Return the sidecar that was named, else the one beside the model; None if there is none."""
    beside = sidecar_beside(model_path)
    return sidecar_path or (beside if os.path.isfile(beside) else None)  # noqa: PTH113 - accepts a name that is too long
