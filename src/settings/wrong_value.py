"""WrongValueError: a setting does not accept a value, of which messages show only a part."""


class WrongValueError(ValueError):
    """A value that a setting does not accept; `got` is what messages show of it, even if the setting is secret."""

    def __init__(self, expected: str, *, got: str) -> None:
        super().__init__(expected)
        self.got = got
