"""The files that a URL means: those in a folder, or those that match a pattern."""

from collections.abc import Callable, Sequence
from glob import has_magic

from foreseen.adapters.tabular.remote.remote_files import file_system
from foreseen.adapters.tabular.remote.store_errors import answer_of
from foreseen.adapters.tabular.remote.urls import is_http, shown_url
from foreseen.domain.errors import TableError


def remote_files(
    url: str, *, check: Callable[[str, Sequence[str]], None], is_rows: Callable[[str, int], bool]
) -> Sequence[str]:
    """Return the URLs of files.

    Args:
        check: raises TableError if the names of folders show that not all files count.
        is_rows: whether a file of a folder has rows, by its path and its size.
    Raises:
        TableError: there are none, or the store does not answer.
    """
    if is_http(url):  # to list one would read a page of links
        return [url]
    system, path = file_system(url)
    if has_magic(path):
        found = answer_of(url, lambda: system.glob(path, detail=True))
    elif answer_of(url, lambda: system.isdir(path)):
        found = answer_of(url, lambda: system.find(path, detail=True))
    else:
        return [url]
    check(url, list({part for name in found for part in name.removeprefix(path).split("/")[:-1]}))
    names = [name for name, details in found.items() if details.get("type") == "file"]
    rows = [name for name in names if is_rows(name.removeprefix(path), int(found[name].get("size") or 0))]
    if not rows:
        raise TableError(f"{shown_url(url)}: expected a folder with files of rows, got one that holds none")
    return [system.unstrip_protocol(name) for name in sorted(rows, key=lambda name: name.split("/"))]
