"""Where a file is scored: in this process, or on a cluster."""

from typing import Final

from foreseen.domain.tables.row_choice import ALL_ROWS, RowChoice
from foreseen.settings import SettingsError

ENGINES: Final = ("local", "ray")


def is_on_ray(engine: str, address: str | None, *, rows: RowChoice = ALL_ROWS) -> bool:
    """Return whether Ray was chosen.

    Raises:
        SettingsError: the engine is unknown, or an option does not work with it.
    """
    if engine not in ENGINES:
        raise SettingsError(f"--engine: expected 'local' or 'ray', got {engine!r}")
    if engine == "local":
        if address is not None:
            raise SettingsError("--ray-address: expected --engine ray with it")
        return False
    if rows.limit is not None:
        raise SettingsError("--limit: expected --engine local with it: on Ray, files are read in parallel")
    if rows.sample is not None and rows.sample.count is not None:
        raise SettingsError("--sample: expected a share such as 5% with --engine ray, got a number of rows")
    return True
