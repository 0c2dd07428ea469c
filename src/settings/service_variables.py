"""Service variables: what Kubernetes puts into the environment of a container for a Service called foreseen."""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_PROTOCOLS: Final = ("tcp", "udp", "sctp")


def service_variables(environment: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Return the variables of Services whose names begin with a prefix: those whose names and values have a known form.

    Source:
        https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
    """
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(prefix)
        and any(re.fullmatch(form, name[len(prefix) :]) and is_value(value) for form, is_value in _FORMS.items())
    }


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


def _is_port(value: str) -> bool:
    return re.fullmatch(r"\d{1,5}", value, re.ASCII) is not None


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in _PROTOCOLS and parts.port is not None and _is_address(parts.hostname or "")
    except ValueError:  # the port is no number, or a bracket is not closed
        return False


# A Service's name may be longer than the prefix: foreseen-blue has FORESEEN_BLUE_SERVICE_HOST.
_NAME: Final = r"(?:[A-Z0-9_]+_)?"
_ONE_PORT: Final = rf"{_NAME}PORT_\d+_(?:TCP|UDP|SCTP)"
_FORMS: Final[Mapping[str, Callable[[str], bool]]] = {
    rf"{_NAME}SERVICE_HOST": _is_address,
    rf"{_NAME}SERVICE_PORT(?:_[A-Z0-9_]+)?": _is_port,
    rf"{_NAME}PORT": _is_url,
    _ONE_PORT: _is_url,
    rf"{_ONE_PORT}_PROTO": _PROTOCOLS.__contains__,
    rf"{_ONE_PORT}_PORT": _is_port,
    rf"{_ONE_PORT}_ADDR": _is_address,
}
"""Checks of the values, by the pattern of the names."""
