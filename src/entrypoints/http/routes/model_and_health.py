"""The routes that describe the service: /model, /livez and /readyz."""

from collections.abc import Callable, Mapping
from typing import Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from foreseen.domain.predict import Predict
from foreseen.entrypoints.http.origins.locality import is_trusted
from foreseen.entrypoints.http.routes.model_readiness import ModelReadiness
from foreseen.settings import Settings, masked
from foreseen.wiring.instruments import SharedCache

_NAMES_HOSTS: Final = frozenset({"redis_url", "disabled_by"})
"""Fields about the shared cache that name hosts of the operator's network, and so are shown to trusted clients only."""


class FeatureDescription(BaseModel):
    """A feature of the model."""

    name: str
    dtype: str
    shape: list[int] = Field(description="[] for a single value")
    missing: bool = Field(description="whether it may be null or absent")
    example: object


class ModelDescription(BaseModel):
    """The current model, its features and its cache."""

    name: str
    fingerprint: str = Field(description="digest of the file, the libraries that compute and the user's own code")
    namespace: str = Field(description="the part of its keys in a shared cache that identifies the model")
    kind: str
    classes: list[str]
    features: list[FeatureDescription]
    ignored: list[str] = Field(description="columns that are accepted with any value and ignored")
    extra_fields: str = Field(description='how other fields are treated: "reject" or "ignore"')
    outputs: list[str]
    call_size: str = Field(description="how many rows each call of the model has; part of the fingerprint")
    runs: str = Field(description="where calls of one row run now, and what they take there")
    engine: str = Field(description="what computes the answers; not part of the fingerprint")
    cache: dict[str, object]
    versions: dict[str, str]


class Status(BaseModel):
    """The status of the process."""

    status: str


class Readiness(Status):
    """Whether the model can predict."""

    shared_cache: str | None = Field(default=None, description="whether it is in use; absent if there is none")


def about_router(
    predict: Predict,
    settings: Settings,
    readiness: ModelReadiness,
    tier_shares: Mapping[str, Callable[[], float]],
    shared_cache: Callable[[], SharedCache] | None = None,
    *,
    runs: Callable[[], str],
    engine: Callable[[], str],
) -> APIRouter:
    """Return the routes of /model, /livez and /readyz.

    The description is made once, since little of it changes.

    Args:
        readiness: whether the model can be called now.
        shared_cache: returns the state of the shared cache; None if there is no shared cache.
        runs: returns where the model runs now, in words.
        engine: returns what computes its answers now, in words.
    """
    router = APIRouter(tags=["about"])
    description = describe_model(predict, settings, runs(), engine())

    @router.get("/model", summary="Describe the model")
    async def model(request: Request) -> ModelDescription:
        cache = description.cache | {name: share() for name, share in tier_shares.items()}
        if shared_cache is not None:
            now = shared_cache()
            cache |= {"is_in_use": now.is_in_use} | ({"disabled_by": now.disabled_by} if now.disabled_by else {})
        if not is_trusted(request.scope):
            cache = {name: value for name, value in cache.items() if name not in _NAMES_HOSTS}
        return description.model_copy(update={"runs": runs(), "engine": engine(), "cache": cache})

    @router.get("/livez", summary="Liveness: the process is alive")
    async def livez() -> Status:
        return Status(status="alive")

    @router.get("/readyz", summary="Readiness: the model can predict", response_model_exclude_none=True)
    async def readyz(request: Request) -> Readiness:
        readiness.require(request.scope)
        if shared_cache is None:
            return Readiness(status="ready")
        return Readiness(status="ready", shared_cache="in use" if shared_cache().is_in_use else "disabled")

    return router


def describe_model(predict: Predict, settings: Settings, runs: str, engine: str) -> ModelDescription:
    """Return the description of the model, of where it runs and what computes, and of its cache."""
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
        runs=runs,
        engine=engine,
        cache=describe_cache(settings),
        versions=dict(predictor.info.versions),
    )


def describe_cache(settings: Settings) -> dict[str, object]:
    """Return the cache backend and the settings that apply to it."""
    shown: dict[str, object] = {"backend": settings.tiers.name}
    if not settings.tiers.has_any:
        return shown
    shown["ttl_s"] = settings.ttl
    if settings.tiers.has_l1:
        shown |= {"lru_max_entries": settings.lru_max_entries, "lru_max_bytes": settings.lru_max_bytes}
    if settings.tiers.has_l2:
        shown |= {"redis_url": masked(settings.redis_url), "redis_lookups": settings.redis_lookups}
        shown |= {"redis_timeout_s": settings.redis_timeout}
    return shown
