"""SourceDigests: sizes and digests of the inputs of a run, on this machine or in a store."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from foreseen.adapters.spool.run_identity.input_digests import InputDigests
from foreseen.adapters.spool.run_identity.run_identity import InputDigest
from foreseen.domain.errors import TableError


class SourceDigests:
    """Digests local files while the run goes on, and compares what stores say of remote ones before and after."""

    def __init__(
        self,
        sources: Sequence[str],
        *,
        remote: Callable[[str], InputDigest | None],
        is_remote: Callable[[str], bool],
        look_again: Callable[[Iterable[str]], None],
    ) -> None:
        """Begin; call it before anything else opens these inputs.

        Args:
            remote: returns what a store says of a file; None if it says nothing.
            look_again: makes stores forget what they know of files.
        Raises:
            TableError: a store does not answer.
        """
        self._sources = tuple(sources)
        self._remote = remote
        self._look_again = look_again
        self._stored = {source: _known(source, remote) for source in sources if is_remote(source)}
        self._local = InputDigests([Path(source) for source in sources if source not in self._stored])

    def __call__(self) -> tuple[InputDigest, ...]:
        """Wait for the digests, and return them in the order of the sources.

        Raises:
            TableError: a file cannot be read, or was replaced before it was digested.
        """
        local = iter(self._local())
        return tuple(self._stored.get(source) or next(local) for source in self._sources)

    def check(self) -> None:
        """Raise TableError if an input has changed since the run began."""
        self._local.check()
        self._look_again(self._stored)
        for source, digest in self._stored.items():
            if _known(source, self._remote) != digest:
                raise TableError(f"{digest.name}: expected the file as it was when the run began, got another one")


def _known(source: str, remote: Callable[[str], InputDigest | None]) -> InputDigest:
    digest = remote(source)
    return digest or InputDigest(source, 0, "")
