"""Files of this machine that are named by a URL."""

from typing import Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

_SCHEME: Final = "file://"
_HERE: Final = "localhost"


def local_path(name: str) -> str:
    """Return the path that a `file://` URL names; any other name as it is."""
    if not name.startswith(_SCHEME):
        return name
    parts = urlsplit(name.replace("?", "%3F").replace("#", "%23"))
    # file://a.csv has no host that anybody means.
    return ("" if parts.netloc == _HERE else parts.netloc) + url2pathname(parts.path)
