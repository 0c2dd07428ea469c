"""OtherFormatError: a file is not of the format that it was to be loaded as."""

from foreseen.adapters.predictor.formats.model_format import FileFormat


class OtherFormatError(Exception):
    """A model file has no format that can be loaded. It never leaves the predictor's adapter, which words it."""

    def __init__(self, found: FileFormat) -> None:
        super().__init__(found.got)
