"""Tables in print: fitted to a terminal, and plain lines of any length in a pipe."""

from typing import Final, TextIO

from rich.console import Console, RenderableType

_ANY_WIDTH: Final = 10_000
"""Columns that no line of ours fills; a console always has some width."""


def print_plainly(out: TextIO | None, *parts: RenderableType) -> None:
    """Print parts one below the other, on standard output where no stream is named.

    In a pipe no line is wrapped, nor filled up with blanks: a program that reads them splits them by lines and columns.
    """
    console = Console(file=out, highlight=False, markup=False)
    if console.is_terminal:
        for part in parts:
            console.print(part)
        return
    wide = Console(file=out, highlight=False, markup=False, width=_ANY_WIDTH)
    with wide.capture() as captured:
        for part in parts:
            wide.print(part)
    lines = captured.get().splitlines()
    wide.file.write("".join(f"{line.rstrip()}\n" for line in lines))
