"""The model of a service: where it is loaded, as the settings say.

Apart from the container, whose imports take as long as a fifth of a start: a model's process is begun before them.
"""

from typing import TYPE_CHECKING, Any

from foreseen.adapters.predictor.subprocess.parent import ModelProcess
from foreseen.settings import Settings

if TYPE_CHECKING:
    from foreseen.domain.ports import Predictor


def start_model(settings: Settings) -> ModelProcess:
    """Begin to load the model in a process of its own."""
    return ModelProcess(_options(settings), log_level=settings.log_level)


def load_model(settings: Settings) -> "Predictor":
    """Load the model in this process.

    Raises:
        ModelUnavailableError: it cannot be had.
    """
    # scikit-learn is imported only where the model is.
    from foreseen.adapters.predictor.load_predictor import load_predictor  # noqa: PLC0415

    return load_predictor(**_options(settings))


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "path": settings.model,
        "outputs": settings.outputs,
        "features": settings.features,
        "sidecar": settings.sidecar,
        "sha256": settings.model_sha256,
        "rows_per_call": settings.rows_per_call,
        "threads": settings.model_threads,
    }
