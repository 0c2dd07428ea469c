"""How progress is shown to Python code: as the command shows it, and in a notebook by lines."""

import sys
from typing import Any, Literal

from foreseen.entrypoints.cli.run.progress_style import Progression
from foreseen.settings import SettingsError

Progress = Literal["auto", "plain", "none"]
"""A bar on a terminal and lines in a notebook, lines anywhere, or nothing."""


def progression(progress: str, *, is_seen: bool = True) -> Progression:
    """Return how progress is shown; a bar that overwrites itself is none where a notebook shows each line.

    Args:
        is_seen: whether what shows it writes to our own terminal, and not into a pipe.
    Raises:
        SettingsError: there is no such way.
    """
    try:
        how = Progression(progress)
    except ValueError:
        raise SettingsError(f"progress: expected auto, plain or none, got {progress!r}") from None
    is_by_lines = _is_notebook() or (not is_seen and sys.stderr is not None and sys.stderr.isatty())
    return Progression.PLAIN if how is Progression.AUTO and is_by_lines else how


def _is_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")
