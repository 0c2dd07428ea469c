"""The routes that tell about the service: /model, /livez and /readyz."""

import logging
from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from foreseen.domain.predict import Predict
from foreseen.entrypoints.http.origins.locality import is_trusted
from foreseen.entrypoints.http.responses.problems import Rejection, inner_detail
from foreseen.settings import Settings, masked
from foreseen.wiring.instruments import SharedCache

log = logging.getLogger(__name__)

_NAMES_HOSTS: Final = frozenset({"redis_url", "disabled_by"})
"""What of the shared cache names hosts of the operator's network: not for strangers."""


class FeatureDescription(BaseModel):
    """One input."""

    name: str
    dtype: str
    shape: list[int] = Field(description="[] for a single value")
    missing: bool = Field(description="whether it may be null or absent")
    example: Any


class ModelDescription(BaseModel):
    """The model that answers, and the features that it takes."""

    name: str
    fingerprint: str = Field(description="digest of the file, the libraries that compute and the user's own code")
    namespace: str = Field(description="what its keys begin with in a shared cache")
    kind: str
    classes: list[str]
    features: list[FeatureDescription]
    ignored: list[str] = Field(description="columns that are accepted with any value and never looked at")
    extra_fields: str = Field(description='what becomes of any other field: "refuse" or "ignore"')
    outputs: list[str]
    call_size: str = Field(description="how many rows each call of the model has; part of the fingerprint")
    cache: dict[str, Any]
    versions: dict[str, str]


class Status(BaseModel):
    """Whether something is so."""

    status: str


class Readiness(Status):
    """Whether requests may come."""

    shared_cache: str | None = Field(default=None, description="whether it is used now; not there without one")


def about_router(
    predict: Predict,
    settings: Settings,
    unready: Callable[[], str],
    shared_cache: Callable[[], SharedCache] | None = None,
) -> APIRouter:
    """Build the routes.

    The description is made once, since only the state of the shared cache changes while the process lives.

    Args:
        unready: returns why the model cannot be called now; empty if it can.
        shared_cache: returns the state of the shared cache; None without one.
    """
    router = APIRouter(tags=["about"])
    trouble = _Trouble(unready)
    description = describe_model(predict, settings)

    @router.get("/model", summary="Describe the model")
    async def model(request: Request) -> ModelDescription:
        if shared_cache is None:
            return description
        now = shared_cache()
        cache = (
            description.cache
            | {"is_in_use": now.is_in_use}
            | ({"disabled_by": now.disabled_by} if now.disabled_by else {})
        )
        if not is_trusted(request.scope):
            cache = {name: value for name, value in cache.items() if name not in _NAMES_HOSTS}
        return description.model_copy(update={"cache": cache})

    @router.get("/livez", summary="Liveness: the process is alive")
    async def livez() -> Status:
        return Status(status="alive")

    @router.get("/readyz", summary="Readiness: the model can predict", response_model_exclude_none=True)
    async def readyz(request: Request) -> Readiness:
        # The model was loaded before the port opened, but may have died; a broken cache costs time, never readiness.
        if reason := trouble.now():
            raise Rejection(503, "no-model", "No model is ready", inner_detail(request.scope, reason))
        if shared_cache is None:
            return Readiness(status="ready")
        return Readiness(status="ready", shared_cache="in use" if shared_cache().is_in_use else "disabled")

    return router


class _Trouble:
    """Why the model is not ready; logged on changes only, since probes come every few seconds."""

    def __init__(self, unready: Callable[[], str]) -> None:
        self._unready = unready
        self._logged = ""

    def now(self) -> str:
        """Return the reason; empty if the model is ready."""
        reason = self._unready()
        if reason and reason != self._logged:
            log.warning("not ready: %s", reason)
        self._logged = reason
        return reason


def describe_model(predict: Predict, settings: Settings) -> ModelDescription:
    """Return the description of the model and of its cache."""
    predictor = predict.predictor
    return ModelDescription(
        name=settings.model_name,
        fingerprint=predictor.info.fingerprint.hex(),
        namespace=predict.recipe.namespace.hex(),
        kind=predictor.info.signature.kind,
        classes=list(predictor.info.signature.classes),
        features=[
            FeatureDescription(
                name=feature.name,
                dtype=feature.dtype,
                shape=list(feature.shape),
                missing=feature.missing,
                example=feature.default_example(),
            )
            for feature in predictor.info.signature.features
        ],
        ignored=list(predictor.info.signature.ignored),
        extra_fields=predictor.info.signature.extra_fields,
        outputs=list(predictor.info.output_names),
        call_size=str(predictor.info.call_size),
        cache=describe_cache(settings),
        versions=dict(predictor.info.versions),
    )


def describe_cache(settings: Settings) -> dict[str, Any]:
    """Return the cache backend and the settings that apply to it."""
    shown: dict[str, Any] = {"backend": settings.tiers.name}
    if not settings.tiers.has_any:
        return shown
    shown["ttl_s"] = settings.ttl
    if settings.tiers.has_l1:
        shown |= {"lru_max_entries": settings.lru_max_entries, "lru_max_bytes": settings.lru_max_bytes}
    if settings.tiers.has_l2:
        shown |= {"redis_url": masked(settings.redis_url), "redis_lookups": settings.redis_lookups}
        shown |= {"redis_timeout_s": settings.redis_timeout}
    return shown
