"""What is not read is named by its first bytes, and text is never taken for it."""

import io
import pickle
import sqlite3
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foreseen.adapters.tabular.file_content.content import opened_content
from foreseen.adapters.tabular.file_content.recognise_content import kind_of, other_of
from foreseen.domain.errors import TableError
from foreseen.domain.tables.table_format import TableForm


def archive(*names: str) -> bytes:
    """Make a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            made.writestr(name, b"x")
    return out.getvalue()


def tar() -> bytes:
    """Make a tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        made.addfile(tarfile.TarInfo("a.csv"))
    return out.getvalue()


OTHERS: dict[str, tuple[bytes, str]] = {
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "an Excel workbook of the old format (.xls); save it as"),
    "xlsb": (archive("[Content_Types].xml", "xl/workbook.bin"), "an Excel workbook of the binary format (.xlsb); save"),
    "docx": (archive("[Content_Types].xml", "word/document.xml"), "an Office document;"),
    "ods": (archive("mimetype", "content.xml"), "an OpenDocument file; save it as CSV"),
    "npz": (archive("a.npy"), "arrays that numpy.savez wrote;"),
    "pickle": (pickle.dumps(pd.DataFrame({"a": [1]})), "a pickle; write its table by to_parquet or to_csv"),
    "old pickle": (pickle.dumps({"a": 1}, protocol=2), "a pickle;"),
    "npy": (b"\x93NUMPY\x01\x00" + bytes(90), "an array that numpy.save wrote;"),
    "hdf": (b"\x89HDF\r\n\x1a\n" + bytes(90), "an HDF5 file;"),
    "avro": (b"Obj\x01\x04\x14avro.codec", "an Avro file;"),
    "tar": (tar(), "a tar archive; unpack it and name its files"),
    "duckdb": (bytes(8) + b"DUCK" + bytes(90), "a DuckDB database;"),
    "html": (b"\n<!DOCTYPE html><html>", "an HTML page; download the file again, or save its table as CSV"),
    "xml": (b'<?xml version="1.0"?><a/>', "an XML document; save its table as CSV"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer in place of the file; git lfs pull"),
    "zeros": (bytes(4096), "a file that begins with zeros, as a full disk leaves behind; copy it again"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_an_unsupported_format_is_named_whatever_the_file_name(name: str) -> None:
    data, said = OTHERS[name]

    with (
        pytest.raises(TableError) as caught,
        opened_content("-", io.BytesIO(data), TableForm()),
    ):
        pass

    assert str(caught.value).startswith(f"standard input: expected a file of rows, got {said}")


def test_a_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (a)")

    with (
        pytest.raises(TableError, match=r"rows.csv: expected a file of rows, got an SQLite database; "),
        opened_content(str(path), None, TableForm()),
    ):
        pass


@pytest.mark.parametrize("text", ["ORC,b\n1,2\n", "PAR1\n1\n", "Obj,a\n", "a,\x1b[1m\n", "<a>,b\n", "€\n", "\x80\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_text_is_no_other_format(text: str, encoding: str) -> None:
    head = text.encode(encoding)

    assert (kind_of(head), other_of(head)) == (None, None)


def test_random_bytes_are_recognised_as_nothing() -> None:
    head = np.random.default_rng(0).bytes(4096)

    assert (kind_of(head), other_of(head)) == (None, None)
