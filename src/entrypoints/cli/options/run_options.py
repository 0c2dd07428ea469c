"""Options of a run over files: concurrent model calls, and the display of progress."""

from typing import Final

import typer
from typer.models import OptionInfo

JOBS: Final[OptionInfo] = typer.Option(
    metavar="N",
    min=1,
    help="Model calls in parallel. (default: one per core for scikit-learn's own models, else 1)",
    show_default=False,
)
PROGRESS: Final[OptionInfo] = typer.Option(
    metavar="auto|plain|none",
    help="How to show progress: a bar on a terminal and nothing in a pipe; lines for a log; nothing. (default: auto)",
    show_default=False,
)
MODEL_IN_OF_FILES: Final = (
    "Where the model computes: in a process of its own, which is replaced if the model ends it, or in a thread of "
    "this one; auto: in a process. (auto|process|thread; default: auto)"
)
