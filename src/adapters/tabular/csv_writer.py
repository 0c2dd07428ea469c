"""CsvWriter: the rows that were read, each with its prediction, in a file that is there whole or not at all."""

import csv
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec
import pyarrow as pa
import pyarrow.csv

from foreseen.domain.errors import TableError
from foreseen.domain.table import Chunk, Reject

_CLASS_PREFIX: Final = "probability_"


class CsvWriter:
    """Writes the columns that were read, then `prediction`, then `probability_<class>` for each if these were asked."""

    def __init__(self, stream: BinaryIO, columns: Sequence[str], *, name: str, added: Sequence[str]) -> None:
        """Take a stream, the columns that were read and those to add; `name` stands for the file in errors.

        Raises:
            TableError: a column to add is there already, or the stream cannot be written.
        """
        taken = [column for column in added if column in columns]
        if taken:
            raise TableError(f"{name}: expected an input without a column {taken[0]!r}, which the output adds")
        self._stream = stream
        self._name = name
        self._added = tuple(added)
        self._decode = msgspec.json.Decoder().decode
        self._write(_lines([[*columns, *added]]))

    def write(self, chunk: Chunk, bodies: Sequence[bytes]) -> None:
        """Add the rows of a chunk, each with its prediction."""
        answers = [_cells(self._decode(body), self._added) for body in bodies]
        table = chunk.table
        for place, cells in enumerate(zip(*answers, strict=True)):
            table = table.append_column(f"added {place}", pa.array(cells, pa.string()))
        self._write(_encode(table))

    def _write(self, data: bytes) -> None:
        with translated_write_errors(self._name):
            self._stream.write(data)


class RejectsWriter:
    """Writes the rows that were not scored: line, column, reason and the row itself."""

    def __init__(self, stream: BinaryIO, *, name: str) -> None:
        """Take a stream; `name` stands for the file in errors."""
        self._stream = stream
        self._name = name
        self._write([["line", "column", "reason", "row"]])

    def write(self, rejects: Sequence[Reject]) -> None:
        """Add rejects, in their order."""
        if rejects:
            self._write([[str(reject.line), reject.column, reject.reason, reject.row] for reject in rejects])

    def _write(self, rows: Sequence[Sequence[str]]) -> None:
        with translated_write_errors(self._name):
            self._stream.write(_lines(rows))


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes its name when the block ends well, and leaves nothing when it does not.

    What is there and no file, such as a pipe or /dev/null, is written to as it stands: a file in its place would take
    it away from everybody else.

    Raises:
        TableError: it cannot be written.
    """
    if path.exists() and not path.is_file():
        with translated_write_errors(str(path)), path.open("wb") as file:
            yield file
        return
    with translated_write_errors(str(path)):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            unfinished.chmod(0o666 & ~_umask())
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise


@contextmanager
def translated_write_errors(name: str) -> Iterator[None]:
    """Word what the system says of a file that cannot be written; that a pipe's reader has left is no fault."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as exc:
        raise TableError(f"{name}: cannot be written: {exc.strerror or exc}") from exc


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def added_columns(outputs: Sequence[str], classes: Sequence[str]) -> list[str]:
    """Name the columns that answers with these outputs add to a table."""
    columns = ["prediction"] if "predict" in outputs else []
    if "predict_proba" in outputs:
        columns += [_CLASS_PREFIX + label for label in classes] or ["probabilities"]
    return columns


def _cells(answer: dict[str, Any], added: Sequence[str]) -> list[str]:
    """Give the cell of each added column: of an output by its name, else of one class."""
    return [
        _cell(answer[column] if column in answer else answer["probabilities"][column.removeprefix(_CLASS_PREFIX)])
        for column in added
    ]


def _cell(value: Any) -> str:
    """Write a value as JSON does; a string as it is, null as nothing."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _encode(table: pa.RecordBatch) -> bytes:
    plain = pa.BufferOutputStream()
    try:
        # pyarrow quotes every string or none; most tables hold no cell that needs it.
        options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
        pyarrow.csv.write_csv(table, plain, options)
    except pa.ArrowInvalid:
        return _lines(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return plain.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _lines(rows: Any) -> bytes:
    lines = _Lines()
    csv.writer(lines, lineterminator=_QUOTES_BOTH).writerows(rows)
    return "".join(lines).encode()


_QUOTES_BOTH: Final = "\r\n"
"""Before Python 3.13 a cell is quoted for a carriage return, or a newline, only where a line ends in one."""


class _Lines(list[str]):
    """Takes lines of csv.writer, one a call, and ends them in a newline alone."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix(_QUOTES_BOTH) + "\n")
