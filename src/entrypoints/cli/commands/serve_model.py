"""`foreseen serve`: serves a model, and prints what is served and how to request a prediction."""

import logging
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, TextIO

import typer

from foreseen.entrypoints.example_requests import curl
from foreseen.entrypoints.label_wording import classes_text
from foreseen.entrypoints.listening_port import try_port
from foreseen.entrypoints.log_stream import LogStream, RawOutput
from foreseen.entrypoints.one_line import one_line
from foreseen.entrypoints.operator_lines import lines_are_json, text_of
from foreseen.entrypoints.startup_signals import Starting
from foreseen.process.garbage_collection import put_off_collections
from foreseen.settings import Settings
from foreseen.wiring.model_loading import start_model

if TYPE_CHECKING:
    from foreseen.domain.predict import Predict
    from foreseen.domain.values.signature import Feature, Signature


log = logging.getLogger(__name__)


def serve_model(settings: Settings, out: TextIO) -> None:
    """Serve until a signal ends the process; print on `out` what is served.

    Raises:
        PortError: the port cannot be listened on.
        ModelUnavailableError: the model cannot be loaded.
    """
    starting = Starting()
    try_port(settings.host, settings.port)
    with nullcontext() if settings.model_isolation == "thread" else start_model(settings) as process:
        # These imports take about as long as loading the model, which goes on meanwhile. `serve` resumes collections.
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
    """Log that the service has started, and print what it serves; as JSON if logs are JSON."""
    fingerprint = predict.predictor.info.fingerprint.hex()
    log.info("started: model %s, fingerprint %s, port %s", settings.model_name, fingerprint[:12], port)
    if notice := predict.predictor.info.loaded_from.notice:
        log.info("model %s: %s", settings.model_name, notice)
    if lines_are_json():
        facts = announced_facts(predict, settings, port)
        typer.echo(text_of(f"serving {settings.model_name}", level="info", **facts), file=out)
    else:
        typer.echo(announcement(predict, settings, port), file=out)


def announced_facts(predict: "Predict", settings: Settings, port: int) -> dict[str, object]:
    """Return the facts of the announcement, for programs."""
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
    """Return the URL of the service on this machine."""
    host = settings.host if settings.host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
    scheme = "http" if settings.tls_certificate is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def announcement(predict: "Predict", settings: Settings, port: int) -> str:
    """Return what is served for a person: its inputs and outputs, a command to paste, and where the docs are."""
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
    """Return a hint how to name the features of a model that has no names for them; empty if it has."""
    if signature.has_numbered_names:
        return " (the model has no names for them: use --features a,b,…)"
    return ""


def feature_text(feature: "Feature") -> str:
    """Return a feature in words: its name, and its type unless it is a plain number."""
    shape = "x".join(map(str, feature.shape))
    kind = " ".join(part for part in (shape, feature.dtype if feature.dtype != "float64" else "") if part)
    return f"{feature.name} ({kind})" if kind else feature.name
