"""Loaded distributions: what this process has computed with so far, which stays when another version is installed."""

from collections.abc import Mapping

from foreseen.domain.errors import ModelUnavailableError

_loaded: dict[str, tuple[str, bytes]] = {}
"""Version and contents of each distribution when a model of this process first depended on it, by name."""


def refuse_other_version(versions: Mapping[str, str], contents: Mapping[str, bytes]) -> None:
    """Refuse libraries that were installed in another version since this process has first loaded a model with them.

    The code in this process stays the old one, whatever is installed now.

    Args:
        versions: of what a model depends on, by name.
        contents: what tells two installations of one version apart, by name; of those that have such.
    """
    for name, version in versions.items():
        found = (version, contents.get(name, b""))
        before = _loaded.setdefault(name, found)
        if before != found:
            got = f"version {version}" if version != before[0] else "another installation of that version"
            raise ModelUnavailableError(
                f"{name}: expected version {before[0]}, which this process has loaded for good, got {got}; "
                "restart, or give the model a process of its own (model_isolation)"
            )
