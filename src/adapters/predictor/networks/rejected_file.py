"""RejectedFileError: a model file has something that is not known to be harmless, or that cannot be served."""


class RejectedFileError(ValueError):
    """A model file is rejected before its library reads it; the message reads "expected …, got …"."""
