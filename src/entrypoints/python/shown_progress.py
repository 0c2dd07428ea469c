"""How the Python API shows progress: as the command does, but by lines in a notebook."""

import sys
from typing import Literal

from foreseen.entrypoints.cli.run.progress_style import Progression
from foreseen.settings import SettingsError

Progress = Literal["auto", "plain", "none"]
"""A bar on a terminal and lines in a notebook, lines anywhere, or nothing."""


def progression(progress: str, *, is_seen: bool = True) -> Progression:
    """Return how progress is shown: lines in a notebook, where a bar could not overwrite itself.

    Args:
        is_seen: whether progress is written to this process's terminal, rather than into a pipe.
    Raises:
        SettingsError: the name is unknown.
    """
    try:
        how = Progression(progress)
    except ValueError:
        raise SettingsError(f"progress: expected auto, plain or none, got {progress!r}") from None
    is_by_lines = _is_notebook() or (not is_seen and sys.stderr is not None and sys.stderr.isatty())
    return Progression.PLAIN if how is Progression.AUTO and is_by_lines else how


def _is_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    shell: object = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")
