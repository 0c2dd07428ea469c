"""The version of a library from which on reading a file by it is safe."""

import re
from importlib import metadata

from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError


def require_version(distribution: str, lowest: tuple[int, int], why: str) -> None:
    """Raise RejectedFileError for a version of an installed distribution that is older than another one.

    Args:
        why: older versions are rejected, as it follows "or newer": "whose safe mode cannot be bypassed".
    """
    version = metadata.version(distribution)
    if tuple(int(number) for number in re.findall(r"\d+", version)[:2]) < lowest:
        needed = ".".join(map(str, lowest))
        raise RejectedFileError(
            f"expected {distribution} {needed} or newer, {why}, got {version}; "
            f"try: pip install '{distribution}>={needed}'"
        )
