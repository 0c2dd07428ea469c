"""Options that several commands have are declared once and arrive whole."""

from dataclasses import dataclass, fields
from typing import Annotated, Any

import pytest
import typer
from typer.main import get_command

from foreseen.entrypoints.cli.command_line import app
from foreseen.entrypoints.cli.options.file_options import InputOptions
from foreseen.entrypoints.cli.options.option_groups import with_option_groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A group."""

    width: Annotated[int, typer.Option("--wide", min=1)] = 1
    unit: Annotated[str | None, typer.Option("--unit")] = None


def called(*line: str) -> Any:
    """Return what a command is handed that has a group between options of its own."""
    handed: list[Any] = []

    def take(name: str, size: Size, loud: Annotated[bool, typer.Option("--loud")] = False) -> None:
        handed.append((name, size, loud))

    small = typer.Typer(add_completion=False)
    small.command()(with_option_groups(take))
    small(list(line), standalone_mode=False)
    return handed[0]


def test_a_group_arrives_whole_beside_the_other_options() -> None:
    assert called("a") == ("a", Size(), False)
    assert called("a", "--wide", "3", "--loud", "--unit", "m") == ("a", Size(width=3, unit="m"), True)


def test_bounds_of_an_option_in_a_group_hold() -> None:
    with pytest.raises(typer.TyperException, match="greater than or equal to 1"):
        called("a", "--wide", "0")


def test_score_and_warm_read_files_with_the_same_options() -> None:
    root: Any = get_command(app)
    score, warm = root.commands["score"], root.commands["cache"].commands["warm"]
    of_score, of_warm = ({option.name: option.opts for option in command.params} for command in (score, warm))

    for option in fields(InputOptions):
        assert of_warm[option.name] == of_score[option.name]
