"""dependency-injector without what it imports for wiring by decorators, which nothing here uses.

Where web frameworks are installed it imports them, to know their types when it sees them: 0.15 s of each start of a
command that serves nothing.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_NOT_NEEDED: Final = ("fastapi", "starlette", "flask", "werkzeug", "aiohttp", "yaml", "pydantic_settings")


@contextmanager
def _away(names: tuple[str, ...]) -> Iterator[None]:
    """Let modules that are not imported yet be missing until the block ends."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules |= dict.fromkeys(hidden)  # type: ignore[arg-type]  # None is how Python notes that there is none
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _away(_NOT_NEEDED):
    from dependency_injector import containers, providers

__all__ = ["containers", "providers"]
