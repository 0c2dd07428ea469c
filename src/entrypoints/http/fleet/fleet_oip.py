"""The routes of the Open Inference Protocol that are about all models of a service."""

from fastapi import APIRouter

from foreseen.entrypoints.http.counting.counted_routes import V2_MODELS
from foreseen.entrypoints.http.fleet.fleet import Fleet
from foreseen.entrypoints.http.fleet.fleet_routes import reason_of
from foreseen.entrypoints.http.protocols.oip.model_versions import unknown_model
from foreseen.entrypoints.http.routes.model_readiness import ModelReadiness
from foreseen.entrypoints.http.routes.oip_server import IndexedModel, indexed, oip_server


def fleet_oip(fleet: Fleet, readiness: ModelReadiness) -> APIRouter:
    """Return the routes of the server, and the rejection of models that it has not.

    Args:
        readiness: whether any model can predict.
    """

    def listed() -> list[IndexedModel]:
        members = fleet.current.members
        return [indexed(each.plan.name, each.plan.version, reason_of(each)) for each in members]

    router = oip_server(listed, readiness)

    @router.api_route(f"{V2_MODELS}/{{rest:path}}", methods=["GET", "POST"], include_in_schema=False)
    async def unknown(rest: str) -> None:
        name, *others = rest.split("/")
        is_of_version = others[:1] == ["versions"] and len(others) > 1
        raise unknown_model(f"'{name}' version '{others[1]}'" if is_of_version else f"'{name}'")

    return router
