"""Printed tables: fitted to the width of a terminal, and lines of any length in a pipe."""

from typing import Final, TextIO

from rich.console import Console, RenderableType

_ANY_WIDTH: Final = 10_000
"""A width in characters that no line of ours reaches, since a console must have one."""


def print_plainly(out: TextIO | None, *parts: RenderableType) -> None:
    """Print parts one below the other; to standard output if `out` is None.

    In a pipe no line is wrapped or padded with blanks, so that programs can split the output by lines and columns.
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
