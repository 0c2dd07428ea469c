"""Formats that are recognised by the first bytes of a file."""

from collections.abc import Sequence
from typing import Final

from foreseen.adapters.predictor.formats.model_format import OTHER_FILE, WRAP, FileFormat, loaded_by

KERAS: Final = FileFormat(
    "a Keras model in HDF5, which may run code", "load it with keras.saving.load_model and save it as model.keras"
)
TORCH: Final = FileFormat(
    "a file that torch.save wrote, which has no model without its code",
    "--code FILE.py with the module of a state_dict, or load it in Python and save the model with "
    "torch.export.save(torch.export.export(model.eval(), (example,)), 'model.pt2')",
)
XGBOOST: Final = FileFormat("an XGBoost model", loaded_by("load_model of xgboost.XGBClassifier() or XGBRegressor()"))
ONNX: Final = FileFormat("an ONNX model", "")
CATBOOST: Final = FileFormat(
    "a CatBoost model", loaded_by("load_model of catboost.CatBoostClassifier() or CatBoostRegressor()")
)
LIGHTGBM: Final = FileFormat("a LightGBM model", loaded_by("lightgbm.Booster(model_file=...)"))

_UNPACK: Final = "unpack it and name the model file in it"
_FROM_R: Final = FileFormat("a file that R wrote", "train the model in Python")
_OLD_JOBLIB: Final = FileFormat(
    "a file of joblib before 0.10", "load it with that version and save it with a newer one"
)

_BEGINNINGS: Final[Sequence[tuple[int, bytes, FileFormat]]] = (
    (0, b"CBM1", CATBOOST),
    (0, b"binf", XGBOOST),
    (0, b"tree\nversion=", LIGHTGBM),
    (0, b"tree\r\nversion=", LIGHTGBM),
    (0, b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", TORCH),  # a pickled number: torch before 1.6
    (4, b"ORTM", FileFormat("a model in the own format of ONNX Runtime", "name the ONNX file that it was made from")),
    (4, b"TFL3", FileFormat("a TensorFlow Lite model", WRAP)),
    (0, b"GGUF", FileFormat("a language model in GGUF", WRAP)),
    (0, b"X\n\x00\x00\x00", _FROM_R),
    (0, b"RDX", _FROM_R),
    (0, b"ZF", _OLD_JOBLIB),
    (0, b"PAR1", FileFormat("a Parquet file, which is data and not a model")),
    (0, b"ARROW1", FileFormat("an Arrow file, which is data and not a model")),
    (0, b"FEA1", FileFormat("a Feather file, which is data and not a model")),
    (0, b"\x93NUMPY", FileFormat("an array that numpy.save wrote, which is data and not a model")),
    (0, b"SQLite format 3\x00", FileFormat("an SQLite database")),
    (0, b"%PDF-", FileFormat("a PDF document")),
    (0, b"\x7fELF", FileFormat("a program")),
    (257, b"ustar", FileFormat("a tar archive", _UNPACK)),
    (0, b"7z\xbc\xaf\x27\x1c", FileFormat("a 7z archive", _UNPACK)),
    (0, b"\x28\xb5\x2f\xfd", FileFormat("a file compressed by zstd", "decompress it")),
    (0, b"version https://git-lfs", FileFormat("a Git LFS pointer in place of the file", "git lfs pull")),
)


def binary_format(head: bytes) -> FileFormat | None:
    """Return the format that the first bytes of a file reveal; None if they reveal none."""
    for offset, magic, found in _BEGINNINGS:
        if head[offset:].startswith(magic):
            return found
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return KERAS if b"keras" in head else FileFormat("an HDF5 file", OTHER_FILE)
    if head[8:10] == b'{"' and 2 <= int.from_bytes(head[:8], "little") < 2**30:
        return FileFormat("weights in safetensors", WRAP)
    if _is_onnx(head):
        return ONNX
    if not any(head):
        return FileFormat("a file that begins with zeros, as a full disk leaves behind", "copy it again")
    return None


_FIELDS: Final = (b"\x12", b"\x1a", b'"', b"(", b"2", b":", b"B")
"""Tags of the fields that may follow the version: names, domain, version of the model, text, graph, operators."""


def _is_onnx(head: bytes) -> bool:
    """Return whether a protobuf message begins with field 1, a small version number, and one of the fields after it.

    Source:
        onnx.proto, message ModelProto
    """
    return head[:1] == b"\x08" and b"\x01" <= head[1:2] <= b"\x40" and head[2:3] in _FIELDS
