"""How help shows the default of a setting: as an operator would write it in a TOML file."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from foreseen.settings import about_setting

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_SECONDS: Final = {"d": 86_400.0, "h": 3_600.0, "s": 1.0, "ms": 1e-3}
_BYTES: Final = {"GiB": 2**30, "MiB": 2**20, "KiB": 2**10}


def shown_default(field: "FieldInfo") -> str:
    """Return the default of a setting's field as text from which it can be parsed."""
    shown, default = about_setting(field)["shown"], field.default
    if shown == "TIME":
        return _in_units(default, _SECONDS)
    if shown == "SIZE":
        return _in_units(default, _BYTES)
    if isinstance(default, bool):
        return str(default).lower()
    return ",".join(default) if isinstance(default, tuple) else str(default)


def _in_units(amount: float, units: Mapping[str, float]) -> str:
    """Return an amount in the largest unit of which it is a whole multiple."""
    for unit, size in units.items():
        count = round(amount / size)
        if count and abs(count * size - amount) < 1e-9:
            return f"{count}{unit}"
    return f"{amount:g}"
