"""`foreseen serve`: announce what is served, and how to ask it."""

import logging
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, TextIO

import typer

from foreseen.domain.garbage_collection import put_off_collections
from foreseen.entrypoints.example_requests import curl
from foreseen.entrypoints.label_wording import classes_text
from foreseen.entrypoints.listening_port import try_port
from foreseen.entrypoints.log_stream import LogStream, RawOutput
from foreseen.entrypoints.one_line import one_line
from foreseen.entrypoints.operator_lines import lines_are_json, text_of
from foreseen.entrypoints.startup_signals import Starting
from foreseen.settings import Settings
from foreseen.wiring.model_loading import start_model

if TYPE_CHECKING:
    from foreseen.domain.predict import Predict
    from foreseen.domain.values.signature import Feature, Signature


log = logging.getLogger(__name__)


def serve_model(settings: Settings, out: TextIO) -> None:
    """Serve until a signal ends it; what is served is announced on `out`."""
    starting = Starting()
    try_port(settings.host, settings.port)
    with start_model(settings) if settings.model_isolation == "process" else nullcontext() as process:
        # Imported while the model loads: either takes most of a start. `serve` resumes the collections.
        put_off_collections()
        from foreseen.entrypoints.cli.process.command_log import start_logging
        from foreseen.entrypoints.http.start_serving import serve

        start_logging(settings, LogStream(RawOutput(sys.stderr)))
        serve(
            settings,
            starting,
            process=process,
            announce=lambda service, port: announce(service.predict, service.settings, port, out),
        )


def announce(predict: "Predict", settings: Settings, port: int, out: TextIO) -> None:
    """Log that it serves, and show what: as JSON where logs are."""
    fingerprint = predict.predictor.info.fingerprint.hex()
    log.info("started: model %s, fingerprint %s, port %s", settings.model_name, fingerprint[:12], port)
    if lines_are_json():
        facts = announced_facts(predict, settings, port)
        typer.echo(text_of(f"serving {settings.model_name}", level="info", **facts), file=out)
    else:
        typer.echo(announcement(predict, settings, port), file=out)


def announced_facts(predict: "Predict", settings: Settings, port: int) -> dict[str, Any]:
    """Return what the announcement says, for programs."""
    info = predict.predictor.info
    base = address(settings, port)
    return {
        "model": settings.model_name,
        "fingerprint": info.fingerprint.hex(),
        "cache": settings.tiers.name,
        "takes": [feature_text(feature) for feature in info.signature.features],
        "gives": list(info.output_names),
        "classes": list(info.signature.classes),
        "calls": str(info.call_size),
        "workers": settings.workers,
        "url": base,
        "docs": f"{base}/docs",
    }


def address(settings: Settings, port: int) -> str:
    """Return where it is reached from this machine."""
    host = settings.host if settings.host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
    scheme = "http" if settings.tls_certificate is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def announcement(predict: "Predict", settings: Settings, port: int) -> str:
    """Word what a newcomer wants to know: what it takes, a line to paste, and where to read on."""
    info = predict.predictor.info
    base = address(settings, port)
    return "\n".join(
        one_line(line)  # names and classes are the model's own
        for line in (
            f"Serving {settings.model_name}, fingerprint {info.fingerprint.hex()[:12]}, cache {settings.tiers.name}",
            f"  takes  {', '.join(map(feature_text, info.signature.features))}{names_hint(info.signature)}",
            f"  gives  {', '.join(info.output_names)}{classes_text(info.signature)}",
            f"  calls  {info.call_size}",
            f"  try    {curl(info.signature, base, needs_key=bool(settings.api_keys))}",
            f"  docs   {base}/docs",
        )
    )


def names_hint(signature: "Signature") -> str:
    """Word how to name features that the model has no names for; nothing where they have names."""
    if signature.has_numbered_names:
        return " (the model knows no names: --features a,b,… gives them)"
    return ""


def feature_text(feature: "Feature") -> str:
    """Word a feature: its name, and its type where that is not a plain number."""
    shape = "x".join(map(str, feature.shape))
    kind = " ".join(part for part in (shape, feature.dtype if feature.dtype != "float64" else "") if part)
    return f"{feature.name} ({kind})" if kind else feature.name
