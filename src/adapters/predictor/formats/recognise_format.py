"""Recognising what a file is before it is unpickled."""

from typing import BinaryIO

from foreseen.adapters.predictor.formats.binary_formats import binary_format
from foreseen.adapters.predictor.formats.model_format import HEAD_BYTES, FileFormat
from foreseen.adapters.predictor.formats.text_formats import document_format
from foreseen.adapters.predictor.formats.zip_archives import is_zip, zip_format


def recognised(file: BinaryIO) -> FileFormat | None:
    """Return the format of what a file holds from where it is read; None for what may be a pickle."""
    head = file.read(HEAD_BYTES)
    if not head:
        return FileFormat("an empty file", "copy it again")
    if is_zip(head):
        return zip_format(file)
    return binary_format(head) or document_format(head)
