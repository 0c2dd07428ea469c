"""Documents: JSON, XML, tables and other text."""

from foreseen.adapters.predictor.formats.binary_formats import CATBOOST, XGBOOST
from foreseen.adapters.predictor.formats.model_format import HEAD_BYTES, FileFormat


def document_format(head: bytes) -> FileFormat | None:
    """Return what a document is whose first character no pickle begins with, None for anything else."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith((b"{", b"[{")):
        return _json(head)
    if start.startswith(b"<"):
        return _markup(start.lower())
    return None


def text_format(head: bytes) -> FileFormat | None:
    """Return what a text is, None for what is no text; a text may begin as a pickle does."""
    text = _text(head)
    if text is None:
        return None
    lines = text.splitlines() or [""]
    delimiter = next((one for one in ",;\t" if one in lines[0]), None)
    if delimiter and len(lines) > 1 and lines[0].count(delimiter) == lines[1].count(delimiter):
        return FileFormat("what looks like a CSV file, data and no model")
    return FileFormat(f"a text that begins with {lines[0][:40]!r}")


def _json(head: bytes) -> FileFormat | None:
    if b"learner" in head:  # in UBJSON too, the binary form
        return XGBOOST
    if any(key in head for key in (b'"oblivious_trees"', b'"ctr_data"', b'"features_info"')):
        return FileFormat("a CatBoost model in JSON", CATBOOST.advice.replace("load_model", "load_model(..., 'json')"))
    if b'"tree_info"' in head or b'"name": "tree"' in head or b'"name":"tree"' in head:
        return FileFormat("a dump of a LightGBM model in JSON", "save the Booster that it was made from by joblib.dump")
    return None if _text(head) is None else FileFormat("a JSON document")


def _markup(start: bytes) -> FileFormat:
    if start.startswith((b"<!doctype html", b"<html")) or b"<error>" in start:
        return FileFormat("an HTML or XML page, as a download that failed leaves", "download it again")
    if b"<pmml" in start:
        return FileFormat("a PMML model", "save the model that it was made from by joblib.dump")
    return FileFormat("an XML document")


def _text(head: bytes) -> str | None:
    try:
        # The head may end amid a character.
        text = head.decode("utf-8-sig", errors="strict" if len(head) < HEAD_BYTES else "ignore")
    except UnicodeDecodeError:
        return None
    return text if all(one.isprintable() or one.isspace() for one in text) else None
