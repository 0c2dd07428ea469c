"""Files of this machine that are named by a URL."""

from typing import Final
from urllib.parse import unquote

_SCHEME: Final = "file"
_HERE: Final = "localhost"


def local_path(name: str) -> str:
    """Return the path that a URL of a file names, as `file:///a.csv` and `file:/a.csv` do; any other name as it is."""
    scheme, _, rest = name.partition(":")
    if scheme.lower() != _SCHEME or not rest.startswith("/"):
        return name
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        # In file://a.csv the host is meant as the beginning of the path.
        rest = slash + path if host.lower() == _HERE else host + slash + path
    return unquote(rest, errors="surrogateescape")
