"""Packing: objects as bytes, to send between the processes of a run through a driver that does not unpack them."""

import io
import pickle
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Buffer


def packed(sent: object) -> bytes:
    """Return an object as bytes for another process of the run."""
    stream = io.BytesIO()
    _Pickler(stream, protocol=pickle.HIGHEST_PROTOCOL).dump(sent)
    return stream.getvalue()


def unpacked(data: "Buffer") -> Any:
    """Return the object in some bytes, which must be from a process of this run: unpickling can run any code."""
    return pickle.loads(data)  # noqa: S301


class _Pickler(pickle.Pickler):
    """Sends only the rows of a slice of a table; pyarrow would send the whole table that it was cut from."""

    def reducer_override(self, obj: object) -> Any:
        """Return a batch as Arrow's stream format, and NotImplemented for anything else."""
        arrow = sys.modules.get("pyarrow")  # not imported here, since the driver has no tables and starts sooner so
        if arrow is None or not isinstance(obj, arrow.RecordBatch):
            return NotImplemented
        out = arrow.BufferOutputStream()
        with arrow.ipc.new_stream(out, obj.schema) as stream:
            stream.write_batch(obj)
        return _record_batch, (out.getvalue().to_pybytes(),)


def _record_batch(data: bytes) -> object:
    import pyarrow as pa  # noqa: PLC0415 - the driver does without

    return pa.ipc.open_stream(data).read_next_batch()
