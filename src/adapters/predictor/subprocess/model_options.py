"""ModelOptions: the arguments with which a process loads a model."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Required, TypedDict

if TYPE_CHECKING:  # it brings numpy, which the parent needs later than its child
    from foreseen.adapters.predictor.engines.load_engine import EngineChoice
    from foreseen.domain.model.call_size import CallsFor, CallSize


class ModelOptions(TypedDict, total=False):
    """Arguments of `load_predictor`, by name; those that are left out have its defaults."""

    path: Required[Path]
    outputs: Sequence[str]
    features: Sequence[str] | None
    missing: Sequence[str] | None
    sidecar: Path | None
    code: Path | None
    sha256: str | None
    rows_per_call: int | None
    threads: int
    calls_for: "CallsFor"
    decided: "CallSize | None"
    engine: "EngineChoice"
    trusted_types: Sequence[str]
