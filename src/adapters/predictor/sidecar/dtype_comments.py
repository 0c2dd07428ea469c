"""Dtype comments: the comment beside each dtype in a generated sidecar, which TOML parsers ignore."""

import re
import tomllib
from typing import Final

_NAME: Final = re.compile(r'name = (".*")')
_DTYPE: Final = re.compile(r'dtype = ".*"  # (?P<comment>.+)')


def dtype_comments(text: str) -> dict[str, str]:
    """Return the comment beside each feature's dtype, by the feature's name, of text as `sidecar_text` writes it."""
    comments: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if _NAME.fullmatch(line):
            name = _value(line)
        elif (found := _DTYPE.fullmatch(line)) and name:
            comments[name] = found["comment"]
        elif line.startswith("["):
            name = ""
    return comments


def _value(line: str) -> str:
    try:
        return str(tomllib.loads(line)["name"])
    except ValueError:  # a sidecar that is broken is replaced as well
        return ""
