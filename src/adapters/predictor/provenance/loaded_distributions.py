"""Loaded distributions: those in this process, which stay loaded when another version is installed."""

from collections.abc import Mapping

from foreseen.domain.errors import ModelUnavailableError

LOADED: dict[str, tuple[str, bytes]] = {}
"""Version and contents of each distribution when a model of this process first depended on it, by name."""


def reject_other_version(versions: Mapping[str, str], contents: Mapping[str, bytes]) -> None:
    """Reject libraries that were installed in another version since this process first loaded a model with them.

    The process keeps the old code, whatever is installed now.

    Args:
        versions: of what a model depends on, by name.
        contents: what distinguishes two installations of one version, by name, for those where the version does not.
    Raises:
        ModelUnavailableError: a version or its content differs.
    """
    for name, version in versions.items():
        found = (version, contents.get(name, b""))
        before = LOADED.setdefault(name, found)
        if before != found:
            got = f"version {version}" if version != before[0] else "another installation of that version"
            raise ModelUnavailableError(
                f"{name}: expected version {before[0]}, which this process has loaded and cannot replace, got {got}; "
                "restart, or give the model a process of its own (model_isolation)"
            )
