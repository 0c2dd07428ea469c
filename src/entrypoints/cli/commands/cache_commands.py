"""The commands `foreseen cache`: stats, list, warm and purge."""

from typing import Annotated, Final

import typer

from foreseen.entrypoints.cli.options.command_help import PlainCommand, PlainGroup
from foreseen.entrypoints.cli.options.file_options import InputOptions, OutputOptions, files_of
from foreseen.entrypoints.cli.options.option_groups import with_option_groups
from foreseen.entrypoints.cli.options.run_options import JOBS, MODEL_IN_OF_FILES, PROGRESS
from foreseen.entrypoints.cli.options.setting_options import require_model, with_settings
from foreseen.entrypoints.cli.process.early_model import model_begun
from foreseen.entrypoints.cli.process.standard_output import own_standard_output
from foreseen.entrypoints.cli.run.progress_style import Progression
from foreseen.entrypoints.cli.run.run_files import INPUTS
from foreseen.process.garbage_collection import put_off_collections
from foreseen.settings import Settings, SettingsError

# What a command needs is imported when it runs, so that --help and usage errors do not wait for scikit-learn.

cache = typer.Typer(
    cls=PlainGroup, help="Inspect, fill or empty the cache that replicas share (Redis).", no_args_is_help=True
)

_OF_WARMING: Final = {
    "cache": "redis or tiered; either way Redis is filled. (redis|tiered; default: redis)",
    "model_isolation": MODEL_IN_OF_FILES,
}
_WHERE: Final = ("redis_url", "redis_mode", "redis_user", "redis_password_file", "name")
_OF_ONE_MODEL: Final = {"name": "Only predictions of the model with this name."}


@cache.command(cls=PlainCommand)
@with_settings(names=_WHERE, help_texts=_OF_ONE_MODEL)
def stats(
    settings: Settings,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, whose keys are stable.")] = False,
) -> None:
    """Count what Redis holds, by model and namespace."""
    from foreseen.entrypoints.cli.commands.cache_contents import show_stats

    show_stats(settings, as_json=as_json)


@cache.command(name="list", cls=PlainCommand)
@with_settings(names=_WHERE, help_texts=_OF_ONE_MODEL)
def list_entries(
    settings: Settings,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many entries to show. (default: 100)", show_default=False)
    ] = 100,
    answers: Annotated[
        bool, typer.Option("--answers", help="Also show answers, up to 200 characters of each, unverified.")
    ] = False,
) -> None:
    """Show what Redis holds: key, age, time left, cost and size."""
    from foreseen.entrypoints.cli.commands.cache_contents import show_entries

    show_entries(settings, limit=limit, answers=answers)


@cache.command(cls=PlainCommand)
@with_settings("Model", "Cache", "Logs", names=("model_isolation",), help_texts=_OF_WARMING)
@with_option_groups
def warm(
    settings: Settings,
    sources: Annotated[list[str], INPUTS],
    read: InputOptions,
    jobs: Annotated[int | None, JOBS] = None,
    progress: Annotated[Progression, PROGRESS] = Progression.AUTO,
) -> int:
    """Predict the rows of files and store the predictions in Redis, where services then find them.

    Use the same name, outputs, features and secret as the service, which may also be one that is not running yet.
    Exits with 0 if every row was predicted, 3 if some were rejected, 1 if it failed, 2 if it was called wrongly.
    """
    require_model(settings)
    files = files_of(sources, read, OutputOptions(keep=""), model_name=settings.model_name)
    put_off_collections()
    with own_standard_output() as out, model_begun(settings, jobs, calls_for="warming") as process:
        from foreseen.entrypoints.cli.commands.warm_cache import warm_cache

        return warm_cache(settings, files, out, jobs=jobs, progress=progress, process=process)


@cache.command(cls=PlainCommand)
@with_settings(names=_WHERE, help_texts=_OF_ONE_MODEL)
def purge(
    settings: Settings,
    every: Annotated[bool, typer.Option("--all", help="The predictions of every model, instead of --name.")] = False,
) -> None:
    """Remove the predictions of one model, or of all, from Redis and from the L1 of every process that shares it.

    Exits with 0 if everything was reached, 1 if not; repeating a purge is safe.
    """
    if (settings.name is None) != every:
        raise SettingsError("--name: expected either the name of a model or --all")
    from foreseen.entrypoints.cli.commands.cache_purge import purge_entries

    purge_entries(settings)
