"""SourceDigests: what tells the inputs of a run from any others, on this machine or in a store."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from foreseen.adapters.spool.run_identity.input_digests import InputDigests
from foreseen.adapters.spool.run_identity.run_identity import InputDigest
from foreseen.domain.errors import TableError


class SourceDigests:
    """Digests of files here, made beside the run; of remote ones what their store says, before and after."""

    def __init__(
        self,
        sources: Sequence[str],
        *,
        remote: Callable[[str], InputDigest | None],
        is_remote: Callable[[str], bool],
        look_again: Callable[[Iterable[str]], None],
    ) -> None:
        """Begin; to be made before anything else opens these inputs.

        Args:
            remote: what a store says of a file.
            look_again: has stores forget what they knew of files.
        Raises:
            TableError: a store does not answer.
        """
        self._sources = tuple(sources)
        self._remote = remote
        self._look_again = look_again
        self._stored = {source: _known(source, remote) for source in sources if is_remote(source)}
        self._local = InputDigests([Path(source) for source in sources if source not in self._stored])

    def __call__(self) -> tuple[InputDigest, ...]:
        """Wait for all of them; raise TableError where a file cannot be read or was replaced just now."""
        local = iter(self._local())
        return tuple(self._stored.get(source) or next(local) for source in self._sources)

    def check(self) -> None:
        """Raise TableError if an input is another by now."""
        self._local.check()
        self._look_again(self._stored)
        for source, digest in self._stored.items():
            if _known(source, self._remote) != digest:
                raise TableError(f"{digest.name}: expected the file that it was when the run began, got another")


def _known(source: str, remote: Callable[[str], InputDigest | None]) -> InputDigest:
    digest = remote(source)
    return digest or InputDigest(source, 0, "")
