"""How what is ours is sent from process to process of a run, through a driver that reads none of it."""

import io
import pickle
import sys
from typing import Any


def packed(sent: Any) -> bytes:
    """Return the bytes by which something is sent to another process of the run."""
    stream = io.BytesIO()
    _Pickler(stream, protocol=pickle.HIGHEST_PROTOCOL).dump(sent)
    return stream.getvalue()


def unpacked(data: Any) -> Any:
    """Return what was sent; by processes of this run only, as everything that Ray sends."""
    return pickle.loads(data)  # noqa: S301


class _Pickler(pickle.Pickler):
    """Sends the rows of a table and no others: pyarrow would send all that a slice was cut from."""

    def reducer_override(self, obj: Any) -> Any:
        """Return how an object is sent."""
        arrow = sys.modules.get("pyarrow")  # not imported for this: the driver, which has no tables, starts without it
        if arrow is None or not isinstance(obj, arrow.RecordBatch):
            return NotImplemented
        out = arrow.BufferOutputStream()
        with arrow.ipc.new_stream(out, obj.schema) as stream:
            stream.write_batch(obj)
        return _record_batch, (out.getvalue().to_pybytes(),)


def _record_batch(data: bytes) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - as above

    return pa.ipc.open_stream(data).read_next_batch()
