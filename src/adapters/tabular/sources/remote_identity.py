"""A store's own marks of a file's content, which serve as its digest."""

import json
from collections import Counter
from collections.abc import Iterable
from functools import partial
from hashlib import sha256
from typing import Final

from foreseen.adapters.spool.run_identity.run_identity import InputDigest
from foreseen.adapters.tabular.databases.database_query import is_query
from foreseen.adapters.tabular.remote.remote_files import file_system
from foreseen.adapters.tabular.remote.store_errors import answer_of
from foreseen.adapters.tabular.remote.urls import is_http, is_remote, shown_url

_SIGNS: Final = frozenset(
    {"etag", "e_tag", "content-md5", "content_md5", "md5hash", "crc32c", "generation", "versionid", "version_id",
     "last-modified", "last_modified", "lastmodified", "mtime", "updated", "digest"}
)  # fmt: skip
"""Lower-case names of such marks in the stores' records."""


def remote_digest(url: str) -> InputDigest | None:
    """Return the digest of a file's marks; None if its store reports no more than its size.

    Raises:
        TableError: the store does not answer, or has no such file.
    """
    system, path = file_system(url)
    info = answer_of(url, lambda: system.info(path))
    signs = {name: str(value) for name, value in info.items() if name.lower() in _SIGNS and value is not None}
    if not signs:
        return None
    digest = sha256(json.dumps(signs, sort_keys=True).encode()).hexdigest()
    return InputDigest(shown_url(url), int(info.get("size") or 0), digest)


def look_again(urls: Iterable[str]) -> None:
    """Make stores discard what they have cached about files, and list folders with many files again.

    Raises:
        TableError: a store does not answer.
    """
    for folder, count in Counter(url.rpartition("/")[0] for url in urls if not is_http(url)).items():
        system, path = file_system(folder)
        system.invalidate_cache(path)
        if count > 1:  # one request, where each file would take one
            answer_of(folder, partial(system.ls, path, detail=True))


def why_once(name: str, *, is_read: bool) -> str:
    """Return why a run that reads or writes this name cannot be resumed; empty if it can."""
    if is_query(name):
        return "a query, which may return its rows in another order"
    if not is_remote(name):
        return ""
    if not is_read:
        return "a file in a store, which cannot be appended to"
    return "" if remote_digest(name) else "a file whose store does not say when it changes"
