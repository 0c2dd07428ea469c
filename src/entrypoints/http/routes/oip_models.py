"""The routes of the Open Inference Protocol that describe a model: metadata, readiness, configuration, statistics."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from foreseen.domain.model.model_info import ModelInfo
from foreseen.entrypoints.http.counting.counted_routes import (
    V2_MODEL,
    V2_MODEL_CONFIG,
    V2_MODEL_READY,
    V2_MODEL_STATS,
    V2_STATS,
    V2_VERSION,
)
from foreseen.entrypoints.http.counting.inference_statistics import Duration, InferenceStatistics
from foreseen.entrypoints.http.openapi.oip_docs import oip_errors, oip_name, oip_path_errors, oip_version
from foreseen.entrypoints.http.protocols.oip.model_metadata import (
    TensorMetadata,
    config_type,
    input_metadata,
    output_metadata,
    platform_of,
)
from foreseen.entrypoints.http.protocols.oip.model_versions import ONLY_VERSION, ServedVersion
from foreseen.entrypoints.http.request_log.request_context import context_of
from foreseen.entrypoints.http.responses.problem_formats import write_error
from foreseen.entrypoints.http.routes.model_readiness import ModelReadiness

_NAMED: Final = "{name}"


class TensorDescription(BaseModel):
    """An input or an output."""

    name: str
    datatype: str
    shape: list[int] = Field(description="the number of instances first; -1 for a length that varies")


class ModelMetadata(BaseModel):
    """The tensors of a model; a matrix of all features may be sent instead of its inputs."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorDescription]
    outputs: list[TensorDescription]


class ModelReady(BaseModel):
    """Whether a model can predict."""

    name: str
    ready: bool


class TensorConfig(BaseModel):
    """An input or an output in a configuration."""

    name: str
    data_type: str
    dims: list[int]


class ModelConfig(BaseModel):
    """The configuration of a model, as far as it has one; shapes begin with the number of instances."""

    name: str
    platform: str
    max_batch_size: int
    input: list[TensorConfig]
    output: list[TensorConfig]


class StatisticDuration(BaseModel):
    """How often something was done, and how long all of it took."""

    count: int
    ns: int


class DurationStatistics(BaseModel):
    """Requests, calls of the model, and instances in caches; what is not counted is zero."""

    success: StatisticDuration
    fail: StatisticDuration
    queue: StatisticDuration
    compute_input: StatisticDuration
    compute_infer: StatisticDuration
    compute_output: StatisticDuration
    cache_hit: StatisticDuration
    cache_miss: StatisticDuration


class ModelStatistics(BaseModel):
    """The statistics of a model, of all protocols."""

    name: str
    version: str
    last_inference: int
    inference_count: int = Field(description="instances that the model computed, so without hits")
    execution_count: int
    inference_stats: DurationStatistics
    batch_stats: list[dict[str, object]]


class Statistics(BaseModel):
    """The statistics of all models, of which there is one."""

    model_stats: list[ModelStatistics]


def oip_models(
    info: ModelInfo, name: str, readiness: ModelReadiness, statistics: Callable[[], InferenceStatistics]
) -> APIRouter:
    """Return the routes of /v2/models/NAME, with a version or without, and of /v2/models/stats.

    Args:
        name: of the served model.
        statistics: returns the statistics of all processes.
    """
    router = APIRouter(tags=["about"])
    served = ServedVersion(info, name)
    metadata = _metadata(info, name)
    config = _config(info, name)

    def require(request: Request) -> str:
        return served.require(request.path_params["name"], request.path_params.get("version"))

    async def all_stats() -> Statistics:
        return _statistics(name, ONLY_VERSION, statistics())

    async def described(request: Request) -> ModelMetadata:
        require(request)
        return metadata

    async def ready(request: Request) -> ModelReady:
        require(request)
        context_of(request.scope).write_problem = write_unready
        readiness.require(request.scope)
        return ModelReady(name=name, ready=True)

    async def configured(request: Request) -> ModelConfig:
        require(request)
        return config

    async def stats(request: Request) -> Statistics:
        return _statistics(name, require(request), statistics())

    def write_unready(members: Mapping[str, object]) -> tuple[bytes, str]:
        return write_error({"name": name, "ready": False, **members})

    router.add_api_route(V2_STATS, all_stats, summary="Statistics, in the Open Inference Protocol")
    errors = oip_path_errors()
    for path, answer, said, responses in (
        (V2_MODEL, described, "The model's tensors", errors),
        (V2_MODEL_READY, ready, "Readiness of the model", errors | oip_errors("503")),
        (V2_MODEL_CONFIG, configured, "The model's configuration", errors),
        (V2_MODEL_STATS, stats, "Statistics of the model", errors),
    ):
        for full, parameters, of_version in (
            (path, [oip_name(name)], ""),
            (
                path.replace(_NAMED, _NAMED + V2_VERSION),
                [oip_name(name), oip_version(ONLY_VERSION, served.fingerprint)],
                ", by version",
            ),
        ):
            router.add_api_route(
                full,
                answer,
                summary=f"{said}, in the Open Inference Protocol{of_version}",
                openapi_extra={"parameters": parameters},
                responses=responses,
            )
    return router


def _metadata(info: ModelInfo, name: str) -> ModelMetadata:
    return ModelMetadata(
        name=name,
        versions=[ONLY_VERSION],
        platform=platform_of(info),
        inputs=_described(input_metadata(info)),
        outputs=_described(output_metadata(info)),
    )


def _described(tensors: Sequence[TensorMetadata]) -> list[TensorDescription]:
    return [TensorDescription(name=each.name, datatype=each.datatype, shape=list(each.shape)) for each in tensors]


def _config(info: ModelInfo, name: str) -> ModelConfig:
    return ModelConfig(
        name=name,
        platform=platform_of(info),
        max_batch_size=0,  # shapes have the number of instances, and there is nothing that batches beside this
        input=_configured(input_metadata(info)),
        output=_configured(output_metadata(info)),
    )


def _configured(tensors: Sequence[TensorMetadata]) -> list[TensorConfig]:
    return [
        TensorConfig(name=each.name, data_type=config_type(each.datatype), dims=list(each.shape)) for each in tensors
    ]


def _statistics(name: str, version: str, counted: InferenceStatistics) -> Statistics:
    nothing = StatisticDuration(count=0, ns=0)
    durations = DurationStatistics(
        success=_duration(counted.success),
        fail=_duration(counted.fail),
        queue=nothing,
        compute_input=nothing,
        compute_infer=_duration(counted.compute),
        compute_output=nothing,
        cache_hit=_duration(counted.hit),
        cache_miss=_duration(counted.miss),
    )
    return Statistics(
        model_stats=[
            ModelStatistics(
                name=name,
                version=version,
                last_inference=0,
                inference_count=counted.inferences,
                execution_count=counted.executions,
                inference_stats=durations,
                batch_stats=[],
            )
        ]
    )


def _duration(counted: Duration) -> StatisticDuration:
    return StatisticDuration(count=counted.count, ns=counted.ns)
