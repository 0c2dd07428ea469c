"""The pages of a service of several models: its start page, /docs and /redoc."""

import asyncio
from collections.abc import Sequence
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from foreseen.entrypoints.example_requests import curl
from foreseen.entrypoints.http.fleet.fleet import Fleet
from foreseen.entrypoints.http.fleet.fleet_document import fleet_document
from foreseen.entrypoints.http.fleet.fleet_map import MODELS, FleetMap, FleetModel
from foreseen.entrypoints.http.openapi.docs_pages import add_docs
from foreseen.entrypoints.http.responses.content_negotiation import prefers_page
from foreseen.entrypoints.http.responses.html_pages import ICON, POLICY, command, link_list, page, paragraph
from foreseen.settings import Settings

_PLACES: Final = {
    "models": "models, versions and aliases, as JSON",
    "docs": "try it in the browser (Swagger UI)",
    "redoc": "reference of the HTTP interface (Redoc)",
    "openapi.json": "the same as an OpenAPI document",
    "metrics": "metrics for Prometheus",
    "readyz": "readiness",
}
_TITLE: Final = "Foreseen"


def add_fleet_pages(app: FastAPI, fleet: Fleet, settings: Settings) -> None:
    """Add the pages to the application of a fleet."""
    app.include_router(_home_router(fleet, settings))
    add_docs(app)
    known: Sequence[object] = ()
    document: dict[str, object] = {}

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi_document() -> dict[str, object]:
        nonlocal known, document
        current = fleet.current
        if known != (shown := _shown(current)):
            # Made when it is first requested, off the loop: it takes a while for many models.
            document = await asyncio.to_thread(fleet_document, app, current, settings)
            known = shown
        return document


def _shown(current: FleetMap) -> Sequence[object]:
    """Return what the document depends on."""
    defaults = [model.members[model.default] for model in current.models.values()]
    # Not the services themselves, which would keep previous models alive.
    namespaces = [member.parts.front.service.predict.recipe.namespace for member in defaults]
    return [current.default_model, *(member.plan for member in defaults), *namespaces]


def _home_router(fleet: Fleet, settings: Settings) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    below = "" if settings.root_path == "/" else f"{settings.root_path}/"

    @router.get("/")
    async def home(request: Request) -> Response:
        base = str(request.base_url).rstrip("/")
        models = fleet.current.models.values()
        examples = {model.name: _example(model, base, settings) for model in models}
        vary = {"Vary": "Accept"}
        if not prefers_page(request.headers):
            links = {place.partition(".")[0]: f"{base}/{place}" for place in _PLACES}
            listed = {"service": "foreseen", "models": list(examples), "links": links, "examples": examples}
            return JSONResponse(listed, headers=vary)
        links = {f"{below}{place}": said for place, said in _PLACES.items()}
        parts = [part for name, said in examples.items() for part in (paragraph(name), command(said))]
        shown = page(f"{_TITLE}: {len(examples)} models", *parts, link_list(links), icon=f"{below}favicon.svg")
        return HTMLResponse(shown, headers=vary | {"Content-Security-Policy": POLICY})

    @router.get("/favicon.svg")
    @router.get("/favicon.ico")
    async def icon() -> Response:
        return Response(ICON, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})

    return router


def _example(model: FleetModel, base: str, settings: Settings) -> str:
    info = model.members[model.default].parts.front.service.predictor.info
    return curl(info.signature, f"{base}{MODELS}/{model.name}", needs_key=bool(settings.api_keys))
