"""`foreseen inspect`: the inputs and outputs of a model, before it is served."""

import json
from dataclasses import asdict
from typing import Final, TextIO

import typer
from rich.table import Table

from foreseen.domain.model.determinism import Determinism
from foreseen.domain.model.engine_use import EngineUse
from foreseen.domain.model.model_input import ColumnForm
from foreseen.domain.ports import Predictor
from foreseen.domain.values.signature import DTYPES, Feature
from foreseen.entrypoints.cli.process.command_log import start_logging
from foreseen.entrypoints.cli.process.printed_tables import print_plainly
from foreseen.entrypoints.label_wording import classes_text
from foreseen.settings import Settings
from foreseen.wiring.model_loading import load_model
from foreseen.wiring.model_on_loop import may_run_on_loop


def inspect_model(settings: Settings, out: TextIO, *, as_json: bool) -> None:
    """Load a model as `serve` would, call it a few times, and print what was found."""
    start_logging(settings)
    show(settings, load_model(settings), out, as_json=as_json)


def show(settings: Settings, predictor: Predictor, out: TextIO, *, as_json: bool) -> None:
    """Print what was found about a model, as a table or as JSON."""
    found = predictor.info.determinism
    if as_json:
        typer.echo(json.dumps(_document(settings, predictor, found), indent=2, ensure_ascii=False), file=out)
    else:
        _show(settings, predictor, found, out)


def _document(settings: Settings, predictor: Predictor, found: Determinism) -> dict[str, object]:
    signature = predictor.info.signature
    return {
        "name": settings.model_name,
        "fingerprint": predictor.info.fingerprint.hex(),
        "format": asdict(predictor.info.loaded_from),
        "kind": signature.kind,
        "classes": list(signature.classes),
        "outputs": list(predictor.info.output_names),
        "features": [
            {
                "name": feature.name,
                "dtype": feature.dtype,
                "shape": list(feature.shape),
                "missing": feature.missing,
                "example": feature.default_example(),
                "given_as": form.dtype if form else None,
                "dtype_from": origin_text(form) if form else None,
            }
            for feature, form in _features(predictor)
        ],
        "ignored": list(signature.ignored),
        "takes": predictor.info.model_input.takes,
        "findings": list(predictor.info.model_input.findings),
        "doubts": list(predictor.info.model_input.doubts),
        "rows_per_call": asdict(predictor.info.call_size),
        "engine": asdict(predictor.info.engine),
        "may_run_on_loop": may_run_on_loop(settings, predictor.info),
        "is_repeatable": found.is_repeatable,
        "is_batch_invariant": found.is_batch_invariant,
        "difference": str(found.difference) if found.difference else None,
        "rejection": found.rejection or None,
        "versions": dict(predictor.info.versions),
    }


def _show(settings: Settings, predictor: Predictor, found: Determinism, out: TextIO) -> None:
    signature = predictor.info.signature
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_row("model", settings.model_name)
    facts.add_row("format", str(predictor.info.loaded_from))
    facts.add_row("fingerprint", predictor.info.fingerprint.hex())
    facts.add_row("kind", signature.kind + classes_text(signature))
    facts.add_row("outputs", ", ".join(predictor.info.output_names))
    facts.add_row("deterministic", _verdict(found))
    facts.add_row("called with", f"{_INPUTS[predictor.info.model_input.takes]}, {predictor.info.call_size}")
    facts.add_row("engine", engine_text(predictor.info.engine))
    facts.add_row("served", _served(settings, predictor))
    facts.add_row("versions", ", ".join(f"{name} {version}" for name, version in predictor.info.versions.items()))
    if signature.ignored:
        facts.add_row("ignores", ", ".join(signature.ignored))
    for finding in predictor.info.model_input.findings:
        facts.add_row("found", finding)
    for doubt in predictor.info.model_input.doubts:
        facts.add_row("in doubt", doubt)
    features = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("FEATURE", "TYPE", "MISSING", "EXAMPLE", "TYPE FROM"):
        features.add_column(column, overflow="fold")
    for feature, form in _features(predictor):
        missing, origin = "yes" if feature.missing else "no", origin_text(form) if form else ""
        features.add_row(feature.name, _type(feature), missing, _example(feature), origin)
    print_plainly(out, facts, "", features)


def _features(predictor: Predictor) -> list[tuple[Feature, ColumnForm | None]]:
    """Return the features, each with the column in which the model receives it."""
    info = predictor.info
    forms = info.model_input.by_feature(info.signature) or [None] * len(info.signature.features)
    return list(zip(info.signature.features, forms, strict=True))


def origin_text(form: ColumnForm) -> str:
    """Return in words how the dtype of a column was found."""
    given = "" if form.dtype in (*DTYPES, "object") else f"given as {form.dtype}, "
    return given + ("guessed" if form.is_guess else form.origin)


def _served(settings: Settings, predictor: Predictor) -> str:
    if settings.model_isolation == "thread":
        return "in a thread of the serving process"
    may = may_run_on_loop(settings, predictor.info)
    return "in a process of its own" + ("; on the event loop where a call costs less" if may else "")


def engine_text(engine: EngineUse) -> str:
    """Return what computes the answers, and what that costs, as text."""
    if not engine.name:
        return str(engine)
    return f"{engine}; its copy of the trees takes {engine.size_bytes / 2**20:,.1f} MiB"


_INPUTS: Final = {
    "frame": "a DataFrame",
    "polars": "a DataFrame of polars",
    "array": "an array",
    "texts": "a list of texts",
    "dicts": "a list of dicts",
    "tensor": "a tensor",
    "tensors": "a dict of tensors",
}


def _verdict(found: Determinism) -> str:
    if found.rejection:
        return f"unknown: the model rejected made-up instances: {found.rejection}"
    if not found.is_repeatable:
        return f"no: predicted again, instances got different answers; served with --cache none: {found.difference}"
    return (
        "yes"
        if found.is_batch_invariant
        else f"no: an answer depends on the rest of its batch; see --rows-per-call: {found.difference}"
    )


def _type(feature: Feature) -> str:
    return " x ".join([*map(str, feature.shape), feature.dtype])


def _example(feature: Feature) -> str:
    text = json.dumps(feature.default_example(), ensure_ascii=False)
    return text if len(text) <= 40 else text[:39] + "…"
