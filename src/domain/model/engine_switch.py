"""EngineSwitch: whether the engine of a model is still used, decided by checks in service."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class EngineCheck:
    """The start or the end of a comparison of the engine's answers with the library's.

    Attributes:
        is_over: whether it has ended.
        difference: what differed, in words; empty if nothing did.
    """

    is_over: bool
    difference: str = ""


class EngineSwitch:
    """Turns an engine off for good after one difference, and calls listeners; thread-safe."""

    def __init__(self) -> None:
        self.difference = ""
        """The difference that turned the engine off; empty while it is used."""
        self.on_check: Callable[[EngineCheck], object] = lambda _: None
        """Called with each check that begins or ends."""
        self._listeners: list[Callable[[str], object]] = []
        self._lock = Lock()

    @property
    def is_on(self) -> bool:
        """Whether the engine is used."""
        return not self.difference

    def count(self, check: EngineCheck) -> None:
        """Record a check that begins or ends; a difference turns the engine off."""
        if check.difference:
            self.turn_off(check.difference)
        self.on_check(check)

    def turn_off(self, difference: str) -> None:
        """Let the library compute everything from now on."""
        with self._lock:
            if self.difference:
                return
            self.difference = difference
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(difference)

    def when_off(self, listener: Callable[[str], object]) -> None:
        """Call a listener once, with the difference, when the engine is turned off, or now if it is off."""
        with self._lock:
            if not self.difference:
                self._listeners.append(listener)
                return
        listener(self.difference)
