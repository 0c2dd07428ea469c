"""OtherFormatError: a file is not of a format that can be loaded."""

from foreseen.adapters.predictor.formats.model_format import FileFormat


class OtherFormatError(Exception):
    """A model file is not of a format that can be loaded; `load_predictor` turns it into a ModelUnavailableError."""

    def __init__(self, found: FileFormat) -> None:
        super().__init__(found.got)
