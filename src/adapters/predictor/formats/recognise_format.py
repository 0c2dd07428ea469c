"""Recognising what a file is before it is loaded."""

from typing import BinaryIO

from foreseen.adapters.predictor.formats.binary_formats import binary_format
from foreseen.adapters.predictor.formats.model_format import HEAD_BYTES, FileFormat
from foreseen.adapters.predictor.formats.text_formats import document_format, text_format
from foreseen.adapters.predictor.formats.zip_archives import is_zip, zip_format


def may_be_pickle(head: bytes) -> bool:
    """Return whether the first bytes of a file are not those of another format."""
    return bool(head) and not is_zip(head) and not (binary_format(head) or document_format(head))


def recognised(file: BinaryIO) -> FileFormat:
    """Return the format of a file, read from its current position."""
    head = file.read(HEAD_BYTES)
    return zip_format(file) if is_zip(head) else recognised_head(head)


def recognised_head(head: bytes) -> FileFormat:
    """Return the format by the first bytes of a file that is not a zip archive."""
    if not head:
        return FileFormat("an empty file", "copy it again")
    unknown = FileFormat(f"a file of an unknown format, which begins with {head[:8].hex(' ')}", "")
    return binary_format(head) or document_format(head) or text_format(head) or unknown
