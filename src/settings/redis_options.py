"""Options in the URL of Redis: which are accepted, and which setting to use instead of others."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from foreseen.domain.did_you_mean import closest_name
from foreseen.settings.wrong_value import WrongValueError

_FLAG: Final = r"true|false|yes|no|on|off|0|1|True|False|Yes|No"
_NUMBER: Final = "[0-9]{1,9}"

TLS_OPTIONS: Final[Mapping[str, str]] = {
    "ssl_ca_certs": ".+",
    "ssl_ca_data": ".+",
    "ssl_ca_path": ".+",
    "ssl_cert_reqs": "none|optional|required",
    "ssl_certfile": ".+",
    "ssl_check_hostname": _FLAG,
    "ssl_ciphers": ".+",
    "ssl_exclude_verify_flags": ".+",
    "ssl_include_verify_flags": ".+",
    "ssl_keyfile": ".+",
    "ssl_min_version": _NUMBER,
    "ssl_password": ".+",
}
"""Options that redis-py accepts for a server with TLS, with the pattern of their values."""

_KNOWN: Final[Mapping[str, str]] = {"db": _NUMBER, **TLS_OPTIONS}

OWNED: Final[Mapping[str, str]] = {
    "socket_timeout": "redis_timeout",
    "socket_connect_timeout": "redis_timeout",
    "timeout": "redis_timeout",
    "max_connections": "redis_max_connections",
    "username": "redis_user",
    "password": "redis_password_file",
}
"""The setting to use instead, by the option of redis-py."""

FIXED: Final = frozenset(
    {
        "client_name",
        "credential_provider",
        "decode_responses",
        "driver_info",
        "encoding",
        "encoding_errors",
        "health_check_interval",
        "host",
        "legacy_responses",
        "lib_name",
        "lib_version",
        "path",
        "port",
        "protocol",
        "retry",
        "retry_on_error",
        "retry_on_timeout",
        "socket_keepalive",
        "socket_keepalive_options",
        "socket_read_size",
        "socket_type",
    }
)
"""Options of redis-py that Foreseen sets itself, as it depends on their values, or that have another place in a URL."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_FORMS: Final = {
    _FLAG: "true or false",
    _NUMBER: "a whole number",
    "none|optional|required": "none, optional or required",
}


def check_options(query: str, *, has_tls: bool) -> None:
    """Raise ValueError for the first option of a query that is unknown, repeated or wrong, or that has a setting."""
    for option in filter(None, query.split("&")):
        name, has_value, _ = option.partition("=")
        if not has_value or not _NAME.fullmatch(name):  # not repeated in the message: it may be the end of a password
            raise ValueError("options as NAME=VALUE after the ?, with & between them")
        _check_name(name, has_tls=has_tls)
    given = parse_qsl(query, keep_blank_values=True)
    for name, count in Counter(name for name, _ in given).items():
        if count > 1:
            raise WrongValueError(f"the option {name} once", got=f"it {count} times")
    for name, value in given:
        if not re.fullmatch(_KNOWN[name], value):
            raise ValueError(f"{_FORMS.get(_KNOWN[name], 'a value')} for the option {name}")


def _check_name(name: str, *, has_tls: bool) -> None:
    if name in OWNED:
        raise WrongValueError(f"the setting {OWNED[name]} instead of the option {name}", got=f"{name} in the URL")
    if name in FIXED:
        raise WrongValueError(f"no option {name}, which Foreseen sets itself", got=f"{name} in the URL")
    if name not in _KNOWN:
        raise WrongValueError("options that redis-py knows", got=f"{name}; {_hint(name)}")
    if name in TLS_OPTIONS and not has_tls:
        raise WrongValueError(f"a URL that begins with rediss:// for the option {name}", got="one without TLS")


def _hint(name: str) -> str:
    """Return a suggestion: the most similar option, or the setting that replaces it; else all known options."""
    similar = closest_name(name, [*_KNOWN, *OWNED])
    if similar is None:
        return f"known are {', '.join(_KNOWN)}"
    return f"did you mean the setting {OWNED[similar]}?" if similar in OWNED else f"did you mean {similar!r}?"
