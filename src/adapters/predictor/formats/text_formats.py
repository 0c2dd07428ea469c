"""Documents: JSON, XML, tables and other text."""

import re
from typing import Final

from foreseen.adapters.predictor.formats.binary_formats import CATBOOST, XGBOOST
from foreseen.adapters.predictor.formats.model_format import HEAD_BYTES, FileFormat

CATBOOST_JSON: Final = FileFormat(
    "a CatBoost model in JSON", CATBOOST.advice.replace("load_model", "load_model(..., 'json')")
)


def document_format(head: bytes) -> FileFormat | None:
    """Return the format of a document whose first character cannot begin a pickle; None for anything else."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"{", b"[{")):
        return _json(head)
    if start.startswith(b"<"):
        return _markup(start.lower())
    return None


def text_format(head: bytes) -> FileFormat | None:
    """Return the format of a text, None for other files; a text may begin like a pickle."""
    text = _text(head)
    if text is None:
        return None
    if re.search(r"^flavors:", text, re.MULTILINE):
        return FileFormat("the MLmodel of a folder that MLflow wrote", "name the folder that it is in")
    lines = text.splitlines() or [""]
    delimiter = next((one for one in ",;\t" if one in lines[0]), None)
    if delimiter and len(lines) > 1 and lines[0].count(delimiter) == lines[1].count(delimiter):
        return FileFormat("what looks like a CSV file, which is data and not a model")
    return FileFormat(f"a text that begins with {lines[0][:40]!r}")


def _json(head: bytes) -> FileFormat | None:
    if b"learner" in head:  # in UBJSON too, the binary form
        return XGBOOST
    if any(key in head for key in (b'"oblivious_trees"', b'"ctr_data"', b'"features_info"')):
        return CATBOOST_JSON
    if b'"tree_info"' in head or b'"name": "tree"' in head or b'"name":"tree"' in head:
        return FileFormat(
            "a dump of a LightGBM model in JSON", "save the Booster that it was made from with joblib.dump"
        )
    return None if _text(head) is None else FileFormat("a JSON document")


def _markup(start: bytes) -> FileFormat:
    if start.startswith((b"<!doctype html", b"<html")) or b"<error>" in start:
        return FileFormat("an HTML or XML page, as a failed download leaves behind", "download it again")
    if b"<pmml" in start:
        return FileFormat("a PMML model", "save the model that it was made from with joblib.dump")
    return FileFormat("an XML document")


def _text(head: bytes) -> str | None:
    try:
        # The head may end amid a character.
        text = head.decode("utf-8-sig", errors="strict" if len(head) < HEAD_BYTES else "ignore")
    except UnicodeDecodeError:
        return None
    return text if all(one.isprintable() or one.isspace() for one in text) else None
