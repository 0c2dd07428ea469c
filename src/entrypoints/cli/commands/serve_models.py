"""`foreseen serve` of several models: serves them, and prints what is served and where."""

import logging
import sys
from typing import TYPE_CHECKING, TextIO

import typer

from foreseen.entrypoints.cli.commands.serve_model import address
from foreseen.entrypoints.example_requests import curl
from foreseen.entrypoints.listening_port import try_port
from foreseen.entrypoints.log_stream import LogStream, RawOutput
from foreseen.entrypoints.one_line import one_line
from foreseen.entrypoints.operator_lines import lines_are_json, text_of
from foreseen.entrypoints.startup_signals import Starting
from foreseen.process.garbage_collection import put_off_collections
from foreseen.settings import SettingsSource
from foreseen.settings.fleet.fleet_plan import FleetPlan, ModelPlan

if TYPE_CHECKING:
    from foreseen.entrypoints.http.start_fleet import Services

log = logging.getLogger(__name__)


def serve_models(plan: FleetPlan, source: SettingsSource, out: TextIO) -> None:
    """Serve until a signal ends the process; print on `out` what is served.

    Args:
        source: where the settings came from; it is read again on a reload.
    Raises:
        PortError: the port cannot be listened on.
        ModelUnavailableError: a model cannot be loaded.
    """
    starting = Starting()
    try_port(plan.settings.host, plan.settings.port)
    put_off_collections()  # `serve_fleet` resumes them
    from foreseen.entrypoints.cli.process.command_log import start_logging
    from foreseen.entrypoints.http.start_fleet import serve_fleet

    start_logging(plan.settings, LogStream(RawOutput(sys.stderr)))
    if plan.ignored:
        log.info("no models, and so not served: %s", one_line(", ".join(plan.ignored)))
    serve_fleet(
        plan,
        starting,
        source=source,
        announce=lambda plan, services, port: _announce(plan, services, port, out),
    )


def _announce(plan: FleetPlan, services: "Services", port: int, out: TextIO) -> None:
    base = address(plan.settings, port)
    for version, service in services.items():
        info = service.predictor.info
        log.info(
            "started: model %s, version %s, fingerprint %s, port %s",
            *(version.name, version.version, info.fingerprint.hex()[:12], port),
        )
        if notice := info.loaded_from.notice:
            log.info("model %s: %s", version.name, notice)
    if lines_are_json():
        facts: dict[str, object] = {"models": {each.name: _facts(each) for each in plan.models.values()}}
        facts |= {"default_model": plan.default_model, "workers": plan.settings.workers, "url": base}
        typer.echo(text_of(f"serving {len(plan.models)} models", level="info", **facts), file=out)
    else:
        typer.echo(_announcement(plan, services, base), file=out)


def _facts(model: ModelPlan) -> dict[str, object]:
    return {"versions": list(model.versions), "default": model.default, "aliases": dict(model.aliases)}


def _announcement(plan: FleetPlan, services: "Services", base: str) -> str:
    default = f", default {plan.default_model}" if plan.default_model is not None else ""
    models = [_line(model) for model in plan.models.values()]
    named = plan.models[plan.default_model or next(iter(plan.models))]
    signature = services[named.versions[named.default]].predictor.info.signature
    example = curl(signature, f"{base}/models/{named.name}", needs_key=bool(plan.settings.api_keys))
    lines = [f"Serving {len(models)} models{default}", *models, f"  try    {example}", f"  docs   {base}/docs"]
    return "\n".join(map(one_line, lines))


def _line(model: ModelPlan) -> str:
    aliases = "".join(f", {alias} is {version}" for alias, version in model.aliases.items())
    others = [version for version in model.versions if version != model.default]
    also = f", also {', '.join(others)}" if others else ""
    return f"  model  /models/{model.name}, version {model.default}{also}{aliases}"
