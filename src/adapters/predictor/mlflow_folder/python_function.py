"""Models that only MLflow itself can load: its flavor python_function."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.model.model_failure import failure_text

if TYPE_CHECKING:
    from collections.abc import Callable


def read_python_function(folder: Path, file: ModelFile, _: dict[str, object]) -> object:
    """Return the model in a folder, as MLflow loads it, which runs the code of its author.

    Raises:
        ModelUnavailableError: MLflow is not installed, or fails.
    """
    try:
        mlflow = import_module("mlflow.pyfunc")
    except ModuleNotFoundError as exc:
        if exc.name is not None and exc.name.partition(".")[0] != "mlflow":
            raise
        raise ModelUnavailableError(
            f"{file.path}: expected mlflow, which alone loads models whose only flavor is python_function; "
            "try: pip install mlflow-skinny"
        ) from None
    load = cast("Callable[[str], object]", mlflow.load_model)
    try:
        return load(str(folder.resolve()))
    except ModelUnavailableError:
        raise
    except Exception as exc:
        raise ModelUnavailableError(f"{folder}: expected a model that MLflow can load: {failure_text(exc)}") from exc
