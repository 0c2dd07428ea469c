"""WrongValueError: what is wrong with the value of a setting, and what of it may be shown."""


class WrongValueError(ValueError):
    """A value is none that a setting takes; `got` says what may be shown of it, a secret or not."""

    def __init__(self, expected: str, *, got: str) -> None:
        super().__init__(expected)
        self.got = got
