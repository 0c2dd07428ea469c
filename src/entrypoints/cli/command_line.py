"""The command `foreseen`: serve, score, inspect, key, and cache stats, list, warm and purge."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from foreseen.entrypoints.batch.on_error import OnError
from foreseen.entrypoints.cli.commands.cache_commands import cache
from foreseen.entrypoints.cli.options.command_help import PlainCommand, PlainGroup
from foreseen.entrypoints.cli.options.engine_option import is_on_ray
from foreseen.entrypoints.cli.options.file_options import InputOptions, OutputOptions, files_of
from foreseen.entrypoints.cli.options.option_groups import with_option_groups
from foreseen.entrypoints.cli.options.row_options import DRY_RUN
from foreseen.entrypoints.cli.options.run_options import JOBS, MODEL_IN_OF_FILES, PROGRESS
from foreseen.entrypoints.cli.options.setting_options import require_model, with_settings
from foreseen.entrypoints.cli.process.early_cluster import cluster_begun
from foreseen.entrypoints.cli.process.early_model import model_begun
from foreseen.entrypoints.cli.process.early_signals import leave_interrupts_to_commands
from foreseen.entrypoints.cli.process.exit_codes import run
from foreseen.entrypoints.cli.process.interruption import interruption_if
from foreseen.entrypoints.cli.process.standard_output import beside_output, own_standard_output, reached_through
from foreseen.entrypoints.cli.run.progress_style import Progression
from foreseen.entrypoints.cli.run.run_files import INPUTS, OUTPUT
from foreseen.process.garbage_collection import put_off_collections
from foreseen.process.process_end import end_process_after
from foreseen.settings import Settings, SettingsError, SettingsSource

# What a command needs is imported when it runs, so that --help and usage errors do not wait for scikit-learn.

app = typer.Typer(
    name="foreseen",
    cls=PlainGroup,
    help="Serve a model's predictions and never compute the same one twice.",
    epilog="A setting can also be given in the TOML file of --config or in the environment: "
    "--redis-url is redis_url in the file and FORESEEN_REDIS_URL in the environment.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(cache, name="cache")

_OF_FILES: Final = {
    "cache": "auto: lru and, with a redis_url, redis, each while it saves time; none, lru, redis or tiered: "
    "for every row. (none | lru | redis | tiered | auto; default: auto)",
    "model_isolation": MODEL_IN_OF_FILES,
}


@app.command(cls=PlainCommand)
@with_settings("Model", "Cache", "Server", "Access", "Logs")
def serve(settings: Settings, source: SettingsSource) -> None:
    """Serve a model, or each model of a folder, over HTTP and cache the predictions."""
    from foreseen.wiring.fleet.model_kinds import planned

    plan = planned(settings, source.config)
    if isinstance(plan, Settings):
        require_model(plan)
        from foreseen.entrypoints.cli.commands.serve_model import serve_model

        with own_standard_output() as out:
            serve_model(plan, out)
    else:
        from foreseen.entrypoints.cli.commands.serve_models import serve_models

        with own_standard_output() as out:
            serve_models(plan, source, out)


@app.command(cls=PlainCommand)
@with_settings("Model", "Cache", "Logs", names=("model_isolation",), help_texts=_OF_FILES)
@with_option_groups
def score(
    settings: Settings,
    sources: Annotated[list[str], INPUTS],
    output: Annotated[str, OUTPUT],
    read: InputOptions,
    written: OutputOptions,
    rejects: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="File for rows that cannot be scored. (default: OUT.rejects.csv, if any)",
            show_default=False,
        ),
    ] = None,
    max_rejects: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Stop when more than N rows cannot be scored. (default: never)",
            show_default=False,
        ),
    ] = None,
    on_error: Annotated[
        OnError,
        typer.Option(
            metavar="reject|stop",
            help="What to do when the model fails on a row: reject the row, or stop the run. (default: reject)",
            show_default=False,
        ),
    ] = OnError.REJECT,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Continue an interrupted run, or begin if there is none; OUT is the same as of an uninterrupted run.",
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Replace OUT if it exists, or an unfinished run; with --resume, only one that was begun with another "
            "input, model or options.",
        ),
    ] = False,
    jobs: Annotated[int | None, JOBS] = None,
    progress: Annotated[Progression, PROGRESS] = Progression.AUTO,
    summary: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write a summary of the run as JSON, also if it fails; - for standard output. The summary of an "
            "earlier run is replaced.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, DRY_RUN] = False,
    engine: Annotated[
        str,
        typer.Option(
            metavar="local|ray",
            help="local: this machine; ray: a Ray cluster (an extra), OUT is a folder of parts. (default: local)",
            show_default=False,
        ),
    ] = "local",
    ray_address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="The Ray cluster to use. (default: a new one on this machine, for this run)",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Score files: write their columns and the prediction.

    Exits with 0 if every row was scored, 3 if some were rejected, 1 if it failed, 2 on wrong usage;
    with 130 after Ctrl-C and 143 after SIGTERM: the rows under way are still written, unless the signal comes twice.
    """
    require_model(settings)
    files = files_of(sources, read, written, model_name=settings.model_name)
    on_ray = is_on_ray(engine, ray_address, rows=files.input.rows) and not dry_run
    put_off_collections()
    with (
        own_standard_output() as out,
        interruption_if(on_ray) as interruption,
        model_begun(settings, jobs) as process,
        cluster_begun(settings, interruption, ray_address, may_be_done=resume) as cluster,
    ):
        from foreseen.entrypoints.cli.commands.score_files import score_files
        from foreseen.entrypoints.cli.run.score_job import Job

        job = Job(
            files=files,
            output=reached_through(out, output),
            rejects=beside_output(out, rejects, output=output, flag="--rejects"),
            max_rejects=max_rejects,
            on_error=on_error,
            force=force,
            resume=resume,
            jobs=jobs,
            progress=progress,
            summary=beside_output(out, summary, output=output, flag="--summary"),
        )
        if dry_run:
            from foreseen.entrypoints.cli.commands.dry_run import try_files

            return try_files(settings, job, out, process)
        if cluster is not None and interruption is not None:
            from foreseen.entrypoints.cli.commands.score_on_ray import score_on_ray

            return score_on_ray(settings, job, cluster, interruption, process)
        return score_files(settings, job, out, process)


@app.command(cls=PlainCommand)
@with_settings("Model", "Logs")
def inspect(
    settings: Settings,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    writes_sidecar: Annotated[
        bool, typer.Option("--write-sidecar", help="Write what was found to the sidecar beside the model.")
    ] = False,
    sample: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Training data from which the sidecar's types are taken: CSV, JSON Lines or Parquet."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing sidecar.")] = False,
) -> None:
    """Show a model's inputs, outputs and fingerprint, and whether it is deterministic."""
    require_model(settings)
    from foreseen.entrypoints.cli.commands.inspect_model import inspect_model
    from foreseen.entrypoints.cli.commands.write_sidecar import write_sidecar

    if (sample or force) and not writes_sidecar:
        raise SettingsError("expected --write-sidecar beside --sample or --force")
    with own_standard_output() as out:
        if writes_sidecar:
            write_sidecar(settings, out, as_json=as_json, sample=sample, force=force)
        else:
            inspect_model(settings, out, as_json=as_json)


@app.command(cls=PlainCommand)
def key() -> None:
    """Make a key for clients, and its SHA-256 for api_keys or admin_keys."""
    from foreseen.entrypoints.cli.commands.generate_key import show_key

    show_key()


@app.callback(invoke_without_command=True)
def root(
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    """Serve a model's predictions and never compute the same one twice."""
    if show_version:
        typer.echo(version("foreseen"))
        raise typer.Exit


def main() -> NoReturn:
    """Run the command and exit with its code."""
    leave_interrupts_to_commands()
    end_process_after(lambda: run(lambda: app(standalone_mode=False)))
