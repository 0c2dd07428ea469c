"""Use cases around fakes: every tier is looked up, L1 among them."""

from typing import Any

from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Cache, Predictor
from foreseen.domain.predict import Predict
from foreseen.wiring.use_cases import wire_predict


def wired_predict(predictor: Predictor, cache: Cache, model_thread: ModelThread, **parts: Any) -> Predict:
    """Wire the use case of requests to a cache of which L1 is not known."""
    return wire_predict(predictor, cache, model_thread, slower_tiers=cache, **parts)
