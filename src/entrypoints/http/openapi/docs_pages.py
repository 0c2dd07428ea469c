"""The pages /docs and /redoc, whose scripts and styles come from an installed package, not from another host."""

from pathlib import Path
from typing import Final

import fastapi_offline
from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.staticfiles import StaticFiles
from starlette.responses import HTMLResponse

from foreseen.entrypoints.http.openapi.asset_licences import add_asset_licences

_ASSETS: Final = Path(fastapi_offline.__file__).parent / "static"
_AT: Final = "/docs/assets"
_ASSETS_URL: Final = "docs/assets"
"""Relative to the pages, as all URLs in them are, since a proxy may serve them below another path."""

# The pages start with an inline script, and Redoc shows a logo from its maker's host, which this policy blocks.
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "worker-src blob:"
)


def add_docs(app: FastAPI) -> None:
    """Add the pages to an application that serves /openapi.json."""
    add_asset_licences(app, _AT)
    app.mount(_AT, StaticFiles(directory=_ASSETS), name="assets")
    swagger = get_swagger_ui_html(
        openapi_url="openapi.json",
        title=app.title,
        swagger_js_url=f"{_ASSETS_URL}/swagger-ui-bundle.js",
        swagger_css_url=f"{_ASSETS_URL}/swagger-ui.css",
        swagger_favicon_url="favicon.svg",
        swagger_ui_parameters={"validatorUrl": None, "tryItOutEnabled": True, "defaultModelsExpandDepth": 2},
    )
    redoc = get_redoc_html(
        openapi_url="openapi.json",
        title=app.title,
        redoc_js_url=f"{_ASSETS_URL}/redoc.standalone.js",
        redoc_favicon_url="favicon.svg",
        with_google_fonts=False,
    )

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return _page(swagger)

    @app.get("/redoc", include_in_schema=False)
    async def redoc_page() -> HTMLResponse:
        return _page(redoc)


def _page(made: HTMLResponse) -> HTMLResponse:
    return HTMLResponse(made.body, headers={"Content-Security-Policy": _POLICY})
