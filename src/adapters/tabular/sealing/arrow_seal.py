"""Rows as an Arrow IPC file, which is Feather as well."""

from typing import BinaryIO

import pyarrow as pa

from foreseen.adapters.tabular.parquet.parquet_seal import whole_groups


def seal_arrow(spool: BinaryIO, out: BinaryIO) -> None:
    """Write the rows of a stream; raise TableError as `whole_groups`."""
    schema, groups = whole_groups(spool)
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    with pa.ipc.new_file(out, schema, options=options) as writer:
        for group in groups:
            writer.write_table(group)
