"""The functions that write formats that cannot be appended to, from a stream of rows; one line per format."""

from collections.abc import Callable, Mapping
from typing import BinaryIO, Final

from foreseen.adapters.tabular.file_layout import Kind
from foreseen.adapters.tabular.parquet.parquet_seal import seal_parquet
from foreseen.adapters.tabular.sealing.arrow_seal import seal_arrow

Seal = Callable[[BinaryIO, BinaryIO], None]


def _orc(spool: BinaryIO, out: BinaryIO) -> None:
    from foreseen.adapters.tabular.sealing.orc_seal import seal_orc  # noqa: PLC0415 - imported if it is used

    seal_orc(spool, out)


def _excel(spool: BinaryIO, out: BinaryIO) -> None:
    from foreseen.adapters.tabular.sealing.excel_seal import seal_excel  # noqa: PLC0415 - an extra

    seal_excel(spool, out)


SEALS: Final[Mapping[Kind, Seal]] = {"parquet": seal_parquet, "arrow": seal_arrow, "orc": _orc, "xlsx": _excel}
