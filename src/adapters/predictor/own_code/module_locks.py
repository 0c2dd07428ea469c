"""ModuleLocks: which thread executes which module, so that none is executed twice or seen half done."""

from threading import Condition, get_ident


class ModuleLocks:
    """Lets one thread execute a module while others wait for it, unless that would be a deadlock.

    Two modules that import each other on two threads see each other half done, as in Python's import system.
    """

    def __init__(self) -> None:
        self._condition = Condition()
        self._thread_of: dict[str, int] = {}
        self._awaited_by: dict[int, str] = {}

    def begin(self, name: str) -> bool:
        """Claim a module for the calling thread; return False if a thread, perhaps this one, is executing it."""
        with self._condition:
            if name in self._thread_of:
                return False
            self._thread_of[name] = get_ident()
            return True

    def end(self, name: str) -> None:
        """Release a module that was claimed, and wake the threads that wait for it."""
        with self._condition:
            del self._thread_of[name]
            self._condition.notify_all()

    def wait_for(self, name: str) -> None:
        """Wait until no other thread executes a module; do not wait if that thread waits for this one."""
        if name not in self._thread_of:  # nearly always, so without the lock
            return
        with self._condition:
            self._awaited_by[get_ident()] = name
            try:
                self._condition.wait_for(lambda: name not in self._thread_of or self._waits_for_me(name))
            finally:
                del self._awaited_by[get_ident()]

    def _waits_for_me(self, name: str) -> bool:
        """Return whether the thread that executes a module is this one, or waits for it, perhaps through others."""
        thread = self._thread_of.get(name)
        while thread is not None and thread != get_ident():
            thread = self._thread_of.get(self._awaited_by.get(thread, ""))
        return thread is not None
