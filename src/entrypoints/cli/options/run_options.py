"""Options of a run over files: concurrent model calls, and the display of progress."""

from typing import Any, Final

import typer

JOBS: Final[Any] = typer.Option(
    metavar="N",
    min=1,
    help="Calls of the model side by side. (default: one a core for scikit-learn's own models, else 1)",
    show_default=False,
)
PROGRESS: Final[Any] = typer.Option(
    metavar="auto|plain|none",
    help="How far it has come: a bar on a terminal and nothing in a pipe; lines for a log; nothing. (default: auto)",
    show_default=False,
)
MODEL_IN_OF_FILES: Final = (
    "Where the model computes: in a process of its own, which is started again if the model ends it, or in a thread of "
    "this one. (process|thread; default: process)"
)
