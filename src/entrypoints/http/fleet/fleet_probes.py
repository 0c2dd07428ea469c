"""The probes of a service of several models: whether it is alive, and whether it is ready."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from foreseen.entrypoints.http.fleet.fleet import Fleet
from foreseen.entrypoints.http.fleet.fleet_oip import fleet_oip
from foreseen.entrypoints.http.fleet.fleet_routes import reason_of
from foreseen.entrypoints.http.routes.mlflow_probes import mlflow_probes
from foreseen.entrypoints.http.routes.model_and_health import Status
from foreseen.entrypoints.http.routes.model_readiness import ModelReadiness


class FleetReadiness(BaseModel):
    """Whether the service is ready; the models that cannot predict now are named."""

    status: str
    unready: list[str]


def fleet_probes(fleet: Fleet) -> APIRouter:
    """Return the routes of /livez, /readyz, and those of MLflow, SageMaker and the Open Inference Protocol.

    All models have loaded before the port opens. Afterwards one that has died does not take the others with it: the
    service is unready only while no model can predict; /models/NAME/readyz is the probe of a single one.
    """
    router = APIRouter(tags=["about"])
    readiness = ModelReadiness(lambda: _reason_of_all(fleet))

    @router.get("/livez", summary="Liveness: the process is alive")
    async def livez() -> Status:
        return Status(status="alive")

    @router.get("/readyz", summary="Readiness: the models have been loaded")
    async def readyz(request: Request) -> FleetReadiness:
        readiness.require(request.scope)
        return FleetReadiness(
            status="ready", unready=[member.place for member in fleet.current.members if reason_of(member)]
        )

    router.include_router(mlflow_probes(readiness))
    router.include_router(fleet_oip(fleet, readiness))
    return router


def _reason_of_all(fleet: Fleet) -> str:
    """Return why no model can predict; empty if one can."""
    reasons = [(member, reason_of(member)) for member in fleet.current.members]
    if not reasons:
        return "no model is loaded"
    if any(not reason for _, reason in reasons):
        return ""
    return "; ".join(f"{member.place}: {reason}" for member, reason in reasons)
