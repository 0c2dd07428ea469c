"""Words that files write where a value is missing."""

from typing import Final

MISSING_WORDS: Final = (
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null", "\\N",
)  # fmt: skip
"""The words that pandas reads as missing by default, and that of databases; an empty cell is always missing.

Source:
    pandas.read_csv, `na_values`, of pandas 3.0; PostgreSQL, `COPY`, the text format; MySQL, `INTO OUTFILE`.
"""

READ_AS_MISSING: Final = "words read as a missing value"
"""The kind of notice about such words in a feature that may be missing."""

KEPT_AS_TEXT: Final = "texts that look like a missing value, read as texts that the model does not know"
"""The kind of notice about such words in a feature of texts that may not be missing, or has other words for that."""
