"""The commands `foreseen cache`: stats, list, warm and purge."""

from typing import Annotated, Final

import typer

from foreseen.entrypoints.cli.file_options import InputOptions, OutputOptions, files_of
from foreseen.entrypoints.cli.files import INPUTS
from foreseen.entrypoints.cli.help import PlainCommand, PlainGroup
from foreseen.entrypoints.cli.model_begun import model_begun
from foreseen.entrypoints.cli.option_groups import with_option_groups
from foreseen.entrypoints.cli.options import require_model, with_settings
from foreseen.entrypoints.cli.progression import Progression
from foreseen.entrypoints.cli.running import JOBS, MODEL_IN_OF_FILES, PROGRESS
from foreseen.entrypoints.cli.standard_output import own_standard_output
from foreseen.entrypoints.memory import put_off_collections
from foreseen.settings import Settings, SettingsError

# What a command needs is imported when it runs, so that --help and usage errors do not wait for scikit-learn.

cache = typer.Typer(
    cls=PlainGroup, help="Look at, fill, or empty the cache that all replicas share.", no_args_is_help=True
)

_OF_WARMING: Final = {
    "cache": "redis or tiered: what is filled is Redis. (redis|tiered; default: redis)",
    "model_in": MODEL_IN_OF_FILES,
}
_WHERE: Final = ("redis_url", "redis_mode", "redis_user", "redis_password_file", "name")
_OF_ONE_MODEL: Final = {"name": "Only the predictions of the model of this name."}


@cache.command(cls=PlainCommand)
@with_settings(names=_WHERE, told=_OF_ONE_MODEL)
def stats(
    settings: Settings,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object, whose names stay.")] = False,
) -> None:
    """Count what Redis holds, by model and namespace."""
    from foreseen.entrypoints.cli.cache import show_stats

    show_stats(settings, as_json=as_json)


@cache.command(name="list", cls=PlainCommand)
@with_settings(names=_WHERE, told=_OF_ONE_MODEL)
def list_entries(
    settings: Settings,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, help="How many to show. (default: 100)", show_default=False)
    ] = 100,
    answers: Annotated[
        bool, typer.Option("--answers", help="Each answer too, up to 200 characters of it, unverified.")
    ] = False,
) -> None:
    """Show what Redis holds: key, age, time left, cost and size."""
    from foreseen.entrypoints.cli.cache import show_entries

    show_entries(settings, limit=limit, answers=answers)


@cache.command(cls=PlainCommand)
@with_settings("Model", "Cache", "Logs", names=("model_in",), told=_OF_WARMING)
@with_option_groups
def warm(
    settings: Settings,
    sources: Annotated[list[str], INPUTS],
    read: InputOptions,
    jobs: Annotated[int | None, JOBS] = None,
    progress: Annotated[Progression, PROGRESS] = Progression.AUTO,
) -> int:
    """Answer the rows of files into Redis, so that whoever asks for them later is answered from there.

    Give the name, outputs, features and secret that the service will have; also for a model that is to take over.
    Exits with 0 when every row was answered, 3 when some could not be, 1 when it failed, 2 when it was called wrongly.
    """
    require_model(settings)
    files = files_of(sources, read, OutputOptions(keep=""), model_name=settings.model_name)
    put_off_collections()
    with own_standard_output() as out, model_begun(settings, jobs, calls_for="warming") as process:
        from foreseen.entrypoints.cli.warm import warm_cache

        return warm_cache(settings, files, out, jobs=jobs, progress=progress, process=process)


@cache.command(cls=PlainCommand)
@with_settings(names=_WHERE, told=_OF_ONE_MODEL)
def purge(
    settings: Settings,
    every: Annotated[bool, typer.Option("--all", help="The predictions of every model, instead of --name.")] = False,
) -> None:
    """Remove the predictions of one model, or of all, from Redis."""
    if (settings.name is None) != every:
        raise SettingsError("--name: expected either the name of a model or --all")
    from foreseen.entrypoints.cli.cache_purge import purge_entries

    purge_entries(settings)
