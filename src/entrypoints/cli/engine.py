"""Where a file is scored: in this process, or on a cluster."""

from typing import Final

from foreseen.settings import SettingsError

ENGINES: Final = ("local", "ray")


def is_on_ray(engine: str, address: str | None, *, resume: bool = False) -> bool:
    """Tell whether Ray is asked for.

    Raises:
        SettingsError: what was asked for does not go together.
    """
    if engine not in ENGINES:
        raise SettingsError(f"--engine: expected 'local' or 'ray', got {engine!r}")
    if engine == "local":
        if address is not None:
            raise SettingsError("--ray-address: expected --engine ray with it")
        return False
    if resume:
        raise SettingsError("--resume: expected --engine local with it: a run on Ray that was broken off begins anew")
    return True
