"""The actor and the task that Ray runs in its processes. They import their own needs, which the driver does without."""

from collections.abc import Iterator

import ray

from foreseen.entrypoints.process_memory import prepare_for_files
from foreseen.entrypoints.ray.driver.packing import packed, unpacked
from foreseen.process.garbage_collection import put_off_collections


class Actor:
    """Scores a part, or all parts of an input, at a time.

    At first the model computes in the actor's process, which saves starting another and sending rows to it. If the
    model ends that process, Ray starts another one, in which the model gets a process of its own, so that the rows that
    end it are found and rejected as on one machine.
    """

    def __init__(self, plan: bytes, jobs: int) -> None:
        """Load the model of a packed plan, for `jobs` concurrent calls."""
        put_off_collections()
        from foreseen.entrypoints.ray.parts.part_worker import Scorer  # noqa: PLC0415 - the driver does without

        has_died = ray.get_runtime_context().was_current_actor_reconstructed
        self._scorer = Scorer(unpacked(plan), jobs=jobs, model_isolation="process" if has_died else "thread")
        prepare_for_files()

    def begin(self) -> None:
        """Do nothing: Ray calls it once the constructor has loaded the model."""

    def outcomes(self, sent: bytes) -> Iterator[bytes]:
        """Yield the packed outcome of each part."""
        for outcome in self._scorer.outcomes(unpacked(sent)):
            yield packed(outcome)


def read(plan: bytes, source: int) -> Iterator[bytes]:
    """Yield the packed parts of an input, given by its number."""
    from foreseen.entrypoints.ray.parts.part_worker import read_parts  # noqa: PLC0415 - the driver does without

    prepare_for_files()
    for part in read_parts(unpacked(plan), source):
        yield packed(part)
