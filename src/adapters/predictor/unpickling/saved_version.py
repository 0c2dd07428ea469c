"""The scikit-learn that a model was saved by: what its file records, and what helps if another is installed."""

import lzma
import re
import sys
import zlib
from contextlib import suppress
from importlib import metadata
from typing import BinaryIO, Final

from foreseen.adapters.predictor.model_file.compression import decompressed
from foreseen.domain.errors import ModelUnavailableError

LOWEST: Final = "1.4"
"""The oldest scikit-learn that models are loaded under; as pyproject.toml requires."""

_NEWEST_PYTHON: Final[dict[tuple[int, ...], tuple[int, int]]] = {
    (1, 4): (3, 12),
    (1, 5): (3, 13),
    (1, 6): (3, 13),
    (1, 7): (3, 14),
    (1, 8): (3, 14),
}
"""The newest Python under which each version can be installed without a compiler; later versions are left to pip.

Source:
    the wheels of scikit-learn on PyPI
"""

_BUGS_FIXED: Final[dict[tuple[int, ...], str]] = {(1, 4): "1.4.2", (1, 5): "1.5.2", (1, 7): "1.7.2"}
"""The last release of versions whose first ones need an older numpy or Python; it loads the same files."""

_RECORD: Final = re.compile(
    rb"_sklearn_version"  # the key that BaseEstimator.__getstate__ adds; its memo, and a frame that may begin
    rb"(?:\x94|q.|r.{4}|\np\d+\n)?(?:\x95.{8})?"
    rb"(?:\x8c(?P<short>.)|X(?P<long>.{4})|V(?=[^\n]*\n))",  # the value: its length in one byte or in four, or a line
    re.DOTALL,
)
_RECORD_BYTES: Final = 100
_BLOCK_BYTES: Final = 2**20


def saved_version(content: BinaryIO) -> str | None:
    """Return the version of scikit-learn that a model file records; None if it records none.

    The record is searched for, not unpickled: the file may be cut off or fail to load, and joblib writes plain arrays
    between the parts of a pickle.
    """
    seen = b""
    # A file that is cut off, or compressed by a library that is not installed, records nothing.
    with suppress(OSError, EOFError, ImportError, zlib.error, lzma.LZMAError):
        stream = decompressed(content)
        while block := stream.read(_BLOCK_BYTES):
            seen = seen[-_RECORD_BYTES:] + block
            if found := _RECORD.search(seen):
                return _value(found, seen[found.end() :] + stream.read(_RECORD_BYTES))
    return None


def _value(record: re.Match[bytes], rest: bytes) -> str:
    length = record["short"] or record["long"]
    value = rest[: int.from_bytes(length, "little")] if length else rest.partition(b"\n")[0]
    return value.decode(errors="replace")


def installed_version() -> str:
    """Return the version of scikit-learn that is installed."""
    return metadata.version("scikit-learn")


def is_other_release(version: str) -> bool:
    """Return whether a version is not the installed one, apart from releases that only fix bugs."""
    return release(version) != release(installed_version())


def release(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def what_helps(version: str) -> str:
    """Return what to do with a model that was saved by another version."""
    again = f"train it again under scikit-learn {installed_version()}"
    if release(version) < release(LOWEST):
        return f"{again}: scikit-learn {version} is older than the oldest that Foreseen works with, {LOWEST}"
    install = f"install scikit-learn=={_BUGS_FIXED.get(release(version), version)}"
    newest = _NEWEST_PYTHON.get(release(version), sys.version_info[:2])
    if sys.version_info[:2] > newest:
        install += f" (under Python {newest[0]}.{newest[1]} or older)"
    return f"{install} or {again}"


def require_recent_scikit_learn() -> None:
    """Raise ModelUnavailableError if the installed scikit-learn is too old to load anything."""
    if release(installed_version()) < release(LOWEST):
        raise ModelUnavailableError(
            f"expected scikit-learn {LOWEST} or newer, got {installed_version()}; "
            f"try: pip install 'scikit-learn>={LOWEST}'"
        )
