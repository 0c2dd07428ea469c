"""Recognising what a file is before it is unpickled."""

from typing import BinaryIO

from foreseen.adapters.predictor.formats.archives import is_zip, zip_format
from foreseen.adapters.predictor.formats.binary import binary_format
from foreseen.adapters.predictor.formats.documents import document_format
from foreseen.adapters.predictor.formats.file_format import HEAD_BYTES, FileFormat


def recognised(file: BinaryIO) -> FileFormat | None:
    """Return the format of what a file holds from where it is read; None for what may be a pickle."""
    head = file.read(HEAD_BYTES)
    if not head:
        return FileFormat("an empty file", "copy it again")
    if is_zip(head):
        return zip_format(file)
    return binary_format(head) or document_format(head)
