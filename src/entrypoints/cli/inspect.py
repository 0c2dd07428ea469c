"""`foreseen inspect`: what a model takes and gives, before anything is served."""

import json
from dataclasses import asdict
from typing import Any, TextIO

import typer
from rich.console import Console
from rich.table import Table

from foreseen.container import Container
from foreseen.domain.determinism import Determinism
from foreseen.domain.ports import Predictor
from foreseen.domain.signature import Feature
from foreseen.entrypoints.cli.serve import classes_text
from foreseen.entrypoints.logs import configure_logs
from foreseen.settings import Settings


def inspect_model(settings: Settings, out: TextIO, *, as_json: bool) -> None:
    """Load a model as it would be served, ask it a few times, and tell what was found."""
    configure_logs(settings)
    predictor: Predictor = Container(settings=settings).predictor_here()
    found = predictor.info.determinism
    if as_json:
        typer.echo(json.dumps(_document(settings, predictor, found), indent=2, ensure_ascii=False), file=out)
    else:
        _show(settings, predictor, found, out)


def _document(settings: Settings, predictor: Predictor, found: Determinism) -> dict[str, Any]:
    signature = predictor.info.signature
    return {
        "name": settings.model_name,
        "fingerprint": predictor.info.fingerprint.hex(),
        "kind": signature.kind,
        "classes": list(signature.classes),
        "outputs": list(predictor.info.outputs),
        "features": [
            {
                "name": feature.name,
                "dtype": feature.dtype,
                "shape": list(feature.shape),
                "missing": feature.missing,
                "example": feature.default_example(),
            }
            for feature in signature.features
        ],
        "rows_per_call": asdict(predictor.info.call_size),
        "is_repeatable": found.is_repeatable,
        "is_batch_invariant": found.is_batch_invariant,
        "difference": str(found.difference) if found.difference else None,
        "refusal": found.refusal or None,
        "versions": dict(predictor.info.versions),
    }


def _show(settings: Settings, predictor: Predictor, found: Determinism, out: TextIO) -> None:
    signature = predictor.info.signature
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_row("model", settings.model_name)
    facts.add_row("fingerprint", predictor.info.fingerprint.hex())
    facts.add_row("kind", signature.kind + classes_text(signature))
    facts.add_row("outputs", ", ".join(predictor.info.outputs))
    facts.add_row("deterministic", _verdict(found))
    facts.add_row("called with", str(predictor.info.call_size))
    facts.add_row("versions", ", ".join(f"{name} {version}" for name, version in predictor.info.versions.items()))
    features = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("FEATURE", "TYPE", "MISSING", "EXAMPLE"):
        features.add_column(column, overflow="fold")
    for feature in signature.features:
        features.add_row(feature.name, _type(feature), "yes" if feature.missing else "no", _example(feature))
    console = Console(file=out, highlight=False)
    console.print(facts)
    console.print()
    console.print(features)


def _verdict(found: Determinism) -> str:
    if found.refusal:
        return f"unknown: the model refused made-up instances: {found.refusal}"
    if not found.is_repeatable:
        return (
            f"no: the same instances got other answers when asked again; served with --cache none: {found.difference}"
        )
    return (
        "yes"
        if found.is_batch_invariant
        else f"no: an instance gets other bits among others; see --rows-per-call: {found.difference}"
    )


def _type(feature: Feature) -> str:
    return " x ".join([*map(str, feature.shape), feature.dtype])


def _example(feature: Feature) -> str:
    text = json.dumps(feature.default_example(), ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
