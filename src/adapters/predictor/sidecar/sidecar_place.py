"""Where the sidecar of a model is."""

import os
from pathlib import Path


def find_sidecar(model_path: Path, sidecar_path: Path | None) -> Path | None:
    """Return the sidecar that was named, else the one beside the model with the same stem; None if there is none."""
    beside = model_path.with_suffix(".toml")
    return sidecar_path or (beside if os.path.isfile(beside) else None)  # noqa: PTH113 - accepts a name that is too long
