"""Licences of the scripts that /docs and /redoc load, at the URLs that these scripts name in their first lines."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.responses import FileResponse

_LICENCES: Final = Path(__file__).with_name("asset_licences.txt")


def add_asset_licences(app: FastAPI, folder: str) -> None:
    """Serve the licences as SCRIPT.LICENSE.txt beside each script.

    Args:
        folder: where the scripts are, such as /docs/assets.
    """

    @app.get(folder + "/{script}.LICENSE.txt", include_in_schema=False)
    async def licences(script: str) -> FileResponse:  # noqa: ARG001 - one text covers all of them
        return FileResponse(_LICENCES, media_type="text/plain; charset=utf-8")
