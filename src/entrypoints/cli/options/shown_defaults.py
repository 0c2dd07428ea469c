"""How the default of a setting is shown: as an operator would write it in the file."""

from typing import Any, Final

from foreseen.settings import about_setting

_SECONDS: Final = {"d": 86_400.0, "h": 3_600.0, "s": 1.0, "ms": 1e-3}
_BYTES: Final = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10}


def shown_default(field: Any) -> str:
    """Return the default of a setting's field as text, which reads back as itself."""
    shown, default = about_setting(field)["shown"], field.default
    if shown == "TIME":
        return _in_units(default, _SECONDS)
    if shown == "SIZE":
        return _in_units(default, _BYTES)
    if isinstance(default, bool):
        return str(default).lower()
    return ",".join(default) if isinstance(default, tuple) else str(default)


def _in_units(amount: float, units: dict[str, Any]) -> str:
    """Write an amount in the largest unit of which it is a whole number."""
    for unit, size in units.items():
        count = round(amount / size)
        if count and abs(count * size - amount) < 1e-9:
            return f"{count}{unit}"
    return f"{amount:g}"
