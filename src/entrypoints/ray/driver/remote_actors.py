"""What Ray runs in processes of its own. What reads and scores is imported there: the driver does neither."""

from collections.abc import Iterator

import ray

from foreseen.domain.garbage_collection import put_off_collections
from foreseen.entrypoints.process_memory import prepare_for_files
from foreseen.entrypoints.ray.driver.packing import packed, unpacked


class Actor:
    """Scores a part, or all parts of an input, at a time.

    The model computes in its process, which it shares with nothing: one more would only cost its start and the way to
    it. Where the model ends the process Ray starts another, in which the model has a process of its own, so that the
    rows which end that one are found and rejected as on one machine.
    """

    def __init__(self, plan: bytes, jobs: int) -> None:
        """Load the model, to be called so often side by side."""
        put_off_collections()
        from foreseen.entrypoints.ray.parts.part_worker import Scorer  # noqa: PLC0415 - as above

        has_died = ray.get_runtime_context().was_current_actor_reconstructed
        self._scorer = Scorer(unpacked(plan), jobs=jobs, model_isolation="process" if has_died else "thread")
        prepare_for_files()

    def begin(self) -> None:
        """Return when the model is loaded."""

    def outcomes(self, sent: bytes) -> Iterator[bytes]:
        """Yield what becomes of each part, packed."""
        for outcome in self._scorer.outcomes(unpacked(sent)):
            yield packed(outcome)


def read(plan: bytes, source: int) -> Iterator[bytes]:
    """Yield the parts of an input, packed."""
    from foreseen.entrypoints.ray.parts.part_worker import read_parts  # noqa: PLC0415 - as above

    prepare_for_files()
    for part in read_parts(unpacked(plan), source):
        yield packed(part)
