"""The start page, which says what is served, with links; the same as JSON for programs; and the icon."""

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from foreseen.domain.predict import Predict
from foreseen.entrypoints.example_requests import curl
from foreseen.entrypoints.http.responses.content_negotiation import prefers_page
from foreseen.entrypoints.http.responses.html_pages import ICON, POLICY, command, link_list, page, paragraph, table_of
from foreseen.entrypoints.label_wording import classes_text
from foreseen.settings import Settings

_PLACES: Final = {
    "docs": "try it in the browser (Swagger UI)",
    "redoc": "reference of the HTTP interface (Redoc)",
    "openapi.json": "the same as an OpenAPI document",
    "model": "inputs, outputs, versions and cache settings, as JSON",
    "metrics": "metrics for Prometheus",
    "readyz": "readiness",
}
"""Links of the start page, relative to it."""

_FOR_EITHER: Final = {"Vary": "Accept"}


def home_router(predict: Predict, settings: Settings) -> APIRouter:
    """Return the routes of the start page and its icon."""
    router = APIRouter(include_in_schema=False)
    info = predict.predictor.info
    facts = {
        "Model": f"{settings.model_name}, {info.signature.kind}",
        "Fingerprint": info.fingerprint.hex(),
        "Inputs": ", ".join(info.signature.names),
        "Outputs": f"{', '.join(info.output_names)}{classes_text(info.signature)}",
        "Cache": settings.tiers.name,
    }

    # Absolute: relative URLs in a page at the proxy's path, without a slash at its end, begin one folder above it.
    below = "" if settings.root_path == "/" else f"{settings.root_path}/"
    links = {f"{below}{place}": said for place, said in _PLACES.items()}

    @router.get("/")
    async def home(request: Request) -> Response:
        base = str(request.base_url).rstrip("/")
        example = curl(info.signature, base, needs_key=bool(settings.api_keys))
        if prefers_page(request.headers):
            shown = page(
                f"Foreseen: {settings.model_name}",
                paragraph("Cached predictions over HTTP. Try it:"),
                command(example),
                link_list(links),
                table_of(facts),
                icon=f"{below}favicon.svg",
            )
            return HTMLResponse(shown, headers=_FOR_EITHER | {"Content-Security-Policy": POLICY})
        return JSONResponse(_index(base, settings.model_name, info.fingerprint.hex(), example), headers=_FOR_EITHER)

    @router.get("/favicon.svg")
    @router.get("/favicon.ico")
    async def icon() -> Response:
        return Response(ICON, media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})

    return router


def _index(base: str, name: str, fingerprint: str, example: str) -> dict[str, object]:
    links = {place.partition(".")[0]: f"{base}/{place}" for place in ("predict", *_PLACES)}
    return {"service": "foreseen", "model": name, "fingerprint": fingerprint, "links": links, "example": example}
