"""`foreseen serve`: announce what is served, and how to ask it."""

import gc
from contextlib import nullcontext
from typing import TYPE_CHECKING, TextIO

import typer

from foreseen.entrypoints.examples import curl
from foreseen.entrypoints.listening import try_port
from foreseen.entrypoints.one_line import one_line
from foreseen.entrypoints.starting import Starting
from foreseen.model import start_model
from foreseen.settings import Settings

if TYPE_CHECKING:
    from foreseen.domain.predict import Predict
    from foreseen.domain.signature import Feature, Signature


def serve_model(settings: Settings, out: TextIO) -> None:
    """Serve until a signal ends it; what is served is announced on `out`."""
    starting = Starting()
    try_port(settings.host, settings.port)
    with start_model(settings) if settings.model_in == "process" else nullcontext() as process:
        # Imported while the model loads: either takes most of a start. To collect garbage meanwhile would take a tenth
        # of that, and find none; `serve` takes it up again.
        gc.disable()
        from foreseen.container import Container
        from foreseen.entrypoints.cli.logging_started import start_logging
        from foreseen.entrypoints.http.serve import serve

        start_logging(settings)
        container = Container(settings=settings, model_process=process)
        serve(
            container,
            starting,
            announce=lambda port: typer.echo(announcement(container.predict(), container.settings(), port), file=out),
        )


def announcement(predict: "Predict", settings: Settings, port: int) -> str:
    """Word what a newcomer wants to know: what it takes, a line to paste, and where to read on."""
    info = predict.predictor.info
    host = settings.host if settings.host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
    scheme = "http" if settings.tls_certificate is None else "https"
    base = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    return "\n".join(
        one_line(line)  # names and classes are the model's own
        for line in (
            f"Serving {settings.model_name}, fingerprint {info.fingerprint.hex()[:12]}, cache {settings.tiers}",
            f"  takes  {', '.join(map(feature_text, info.signature.features))}{names_hint(info.signature)}",
            f"  gives  {', '.join(info.outputs)}{classes_text(info.signature)}",
            f"  calls  {info.call_size}",
            f"  try    {curl(info.signature, base)}",
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


def classes_text(signature: "Signature") -> str:
    """Word which labels an answer may have; nothing where that is not known."""
    if not signature.classes:
        return ""
    return f": {'any' if signature.is_multilabel else 'one'} of {', '.join(signature.classes)}"
