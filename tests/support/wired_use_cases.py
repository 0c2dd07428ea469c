"""Use cases around fakes, every tier of which is looked up."""

from typing import Any

from foreseen.domain.answer import Origin
from foreseen.domain.bulk.bulk import BulkPredict, Tier
from foreseen.domain.bulk.tier_use import AlwaysUsed
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.ports import Cache, Predictor
from foreseen.domain.predict import Predict
from foreseen.wiring.use_cases import wire_bulk_predict, wire_predict


def wired_predict(predictor: Predictor, cache: Cache, model_thread: ModelThread, **parts: Any) -> Predict:
    """Wire the use case of requests to a cache of which L1 is not known."""
    return wire_predict(predictor, cache, model_thread, slower_tiers=cache, **parts)


def wired_bulk_predict(predictor: Predictor, cache: Cache, model_thread: ModelThread) -> BulkPredict:
    """Wire the use case of files to a cache that is one tier."""
    return wire_bulk_predict(predictor, [Tier(cache, Origin.L1, AlwaysUsed())], model_thread)
