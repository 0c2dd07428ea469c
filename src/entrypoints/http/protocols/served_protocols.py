"""The protocols that are served: a line for each."""

from collections.abc import Callable, Sequence
from typing import Final

from foreseen.domain.model.model_info import ModelInfo
from foreseen.entrypoints.http.protocols.endpoint import Endpoint
from foreseen.entrypoints.http.protocols.json_endpoints import json_endpoints
from foreseen.entrypoints.http.protocols.kserve_v1_endpoints import kserve_v1_endpoints
from foreseen.entrypoints.http.protocols.mlflow_endpoints import mlflow_endpoints
from foreseen.entrypoints.http.protocols.oip.infer_endpoints import infer_endpoints
from foreseen.entrypoints.http.protocols.operation import Operation, operations_of
from foreseen.settings import Settings

PROTOCOLS: Final[Sequence[Callable[[ModelInfo, Settings], Sequence[Endpoint]]]] = (
    json_endpoints,
    mlflow_endpoints,
    kserve_v1_endpoints,
    infer_endpoints,
)
"""A function for each protocol that returns its endpoints; at a common path, the first one describes the operation."""


def served_operations(info: ModelInfo, settings: Settings) -> list[Operation]:
    """Return the operations of all protocols for a model."""
    return operations_of(endpoint for endpoints in PROTOCOLS for endpoint in endpoints(info, settings))
