"""What actors are sent: the numbers of inputs, or parts of them that are read by others."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final


class Inputs:
    """Inputs that the actors read themselves.

    Attributes:
        reading: nothing, since nothing else reads.
    """

    reading: Final[Sequence[Any]] = ()

    def __init__(self, inputs: Iterable[bytes]) -> None:
        self._left = deque(inputs)

    @property
    def is_over(self) -> bool:
        """Whether all are taken."""
        return not self._left

    def take(self) -> bytes | None:
        """Return the next; None if there is none."""
        return self._left.popleft() if self._left else None

    def hear(self, _: Any) -> None:
        """Hear of nothing."""


class ReadParts:
    """Parts that tasks read, some tasks at a time.

    Attributes:
        reading: what the tasks under way yield: references to parts, each there when it is heard of.
    """

    def __init__(self, tasks: Iterable[Callable[[], Iterator[Any]]], *, most: int) -> None:
        """Start the first tasks.

        Args:
            most: tasks under way at a time.
        """
        self._to_start = iter(tasks)
        self.reading: list[Iterator[Any]] = [start() for start in islice(self._to_start, most)]
        self._read: deque[Any] = deque()

    @property
    def is_over(self) -> bool:
        """Whether all parts are read and taken."""
        return not self.reading and not self._read

    def take(self) -> Any | None:
        """Return a part that was heard of; None if there is none."""
        return self._read.popleft() if self._read else None

    def hear(self, task: Iterator[Any]) -> None:
        """Accept the next part of a task, or its end, by which another one begins."""
        part = next(task, None)
        if part is not None:
            self._read.append(part)
            return
        self.reading.remove(task)
        self.reading += [start() for start in islice(self._to_start, 1)]
