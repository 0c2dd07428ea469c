"""Distributions: which installed one a module belongs to, by what each records of its files.

`importlib.metadata.packages_distributions` reads the records of all of them, which takes a fifth of a second for a
hundred. Here the distribution named like the module is read first, and others only if the module is not in it.
"""

import json
import os
import re
import sys
import sysconfig
from collections.abc import Iterator
from functools import lru_cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Final

_STANDARD: Final = frozenset(
    os.path.realpath(folder)
    for kind in ("stdlib", "platstdlib")
    for path in [Path(sysconfig.get_path(kind))]
    for folder in (path, path / "lib-dynload", path.parent / f"python{sys.version_info[0]}{sys.version_info[1]}.zip")
)
"""The folders of the standard library; installed packages are in other folders below them."""

_OTHER_NAMES: Final = {"sklearn": "scikit_learn", "_distutils_hack": "setuptools"}
"""Distributions that nearly every process imports and whose names differ from their module's."""

_NAME: Final = re.compile(rb"^Name:\s*(\S+)", re.MULTILINE)


def is_own(spec: ModuleSpec) -> bool:
    """Return whether a module is the user's own: not of the standard library, not installed, and not foreseen's.

    A namespace package is the user's own if one of its folders is.
    """
    folder = _place(spec)[0]
    if spec.name.partition(".")[0] == "foreseen":
        return False
    if folder:
        return not _is_standard(folder) and distribution_of(spec) is None
    if spec.origin is not None:  # built in, or frozen into Python
        return False
    below = spec.name.replace(".", "/") + "/"
    folders = {str(each).removesuffix("/" + below[:-1]) for each in spec.submodule_search_locations or ()}
    return any(not _is_standard(each) and _recorder(each, below, _written_at(each)) is None for each in folders)


def distribution_of(spec: ModuleSpec) -> Path | None:
    """Return the metadata folder of the distribution that installed a module, None for any other module.

    An editable installation does not count: its version does not change when its code does.
    """
    folder, beginning = _place(spec)
    if not folder or _is_standard(folder):
        return None
    return _recorder(folder, beginning, _written_at(folder))


def name_of(info: Path) -> str:
    """Return the name of the distribution with this metadata folder."""
    for file in (info / "METADATA", info / "PKG-INFO", info):
        if file.is_file() and (found := _NAME.search(file.read_bytes())):
            return found[1].decode()
    return info.name.partition("-")[0]


def contents_of(info: Path) -> bytes:
    """Return what distinguishes two installations of one version; empty if the version identifies the content.

    It does for a distribution from an index. One that was installed from a folder, an archive or a repository may be
    changed and installed again under the same version: then it is the digests of its files.
    """
    record = info / "RECORD"
    if not (info / "direct_url.json").is_file() or not record.is_file():
        return b""
    # Without what depends on the environment: how it was installed, scripts with Python's path, compiled files.
    of_place = (b"../", info.name.encode() + b"/")
    lines = [
        line for line in record.read_bytes().splitlines() if not line.startswith(of_place) and b".pyc," not in line
    ]
    return b"\n".join(sorted(lines))


@lru_cache(maxsize=256)
def _is_standard(folder: str) -> bool:
    return os.path.realpath(folder) in _STANDARD


def _place(spec: ModuleSpec) -> tuple[str, str]:
    """Return the folder of the import path that a module was found in, and the beginning of its file's path below that.

    Both are empty for a module without a file: a built-in one or a namespace package. The end of the path is left out,
    since it depends on what was compiled.
    """
    if not spec.has_location or spec.origin is None:
        return "", ""
    folder, file = os.path.split(spec.origin)
    beginning = file.partition(".")[0] + "."
    packages = spec.name.count(".") + (spec.submodule_search_locations is not None)
    for _ in range(packages):
        folder, below = os.path.split(folder)
        beginning = f"{below}/{beginning}"
    return folder, beginning


@lru_cache(maxsize=4096)
def _recorder(folder: str, beginning: str, written_at: int) -> Path | None:
    """Return the metadata of the distribution in a folder that recorded a file whose path begins like this.

    Args:
        written_at: when something was last installed there; a later time makes the cached result obsolete.
    """
    top = re.split(r"[./]", beginning)[0]
    infos = _likely_first(_infos(folder, written_at), top)
    return next((each for each in infos if _has_recorded(each, beginning, top) and not _is_editable(each)), None)


@lru_cache(maxsize=64)
def _infos(folder: str, _: int) -> dict[str, Path]:
    """Return the metadata in a folder, by the normalized name of its distribution."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - faster for hundreds of names, few of which are used
    except OSError:  # a zip file, or deleted
        return {}
    # Beside sources that are being worked on there may be an .egg-info, which installed nothing.
    is_for_installed = Path(folder).name in ("site-packages", "dist-packages")
    kinds = (".dist-info", ".egg-info") if is_for_installed else (".dist-info",)
    return {_named(name): Path(folder, name) for name in names if name.endswith(kinds)}


def _likely_first(infos: dict[str, Path], top: str) -> Iterator[Path]:
    """Yield the distribution named like a module, then those where one name contains the other, then the rest."""
    name = _normalized(_OTHER_NAMES.get(top, top)).strip("_")

    def unlikeness(each: str) -> tuple[bool, bool, str]:
        return each != name, name not in each and each not in name, each

    yield from (infos[each] for each in sorted(infos, key=unlikeness))


def _has_recorded(info: Path, beginning: str, top: str) -> bool:
    is_namesake = _named(info.name) == _normalized(_OTHER_NAMES.get(top, top))
    if is_namesake and beginning in (f"{top}.", f"{top}/__init__."):  # certain without its long record
        return True
    if (record := _read(info / "RECORD")) is not None:
        return f"\n{beginning}".encode() in b"\n" + record
    if (listed := _read(info / "top_level.txt")) is not None:  # as Debian installs
        return top in listed.decode().split()
    return is_namesake


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None


def _is_editable(info: Path) -> bool:
    said = _read(info / "direct_url.json")
    return said is not None and bool(json.loads(said).get("dir_info", {}).get("editable"))


def _written_at(folder: str | Path) -> int:
    """Return when something was last installed in a folder, in nanoseconds; 0 if it cannot be read."""
    try:
        return Path(folder).stat().st_mtime_ns
    except OSError:
        return 0


def _named(info: str) -> str:
    """Return the normalized name of a distribution by the file name of its metadata: numpy-2.2.6.dist-info."""
    return _normalized(info.partition("-")[0].removesuffix(".egg"))


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()
