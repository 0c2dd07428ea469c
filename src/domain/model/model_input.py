"""ModelInput: the form in which a model is given its instances, apart from what clients send."""

import json
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, Literal, get_args

import numpy as np

from foreseen.domain.values.signature import Signature

Takes = Literal["frame", "array", "texts", "dicts", "tensor"]
TAKES: tuple[str, ...] = get_args(Takes)

ANY_NUMBER: Final = "any number will do"
"""The origin of a dtype where only parts that turn every number into a float64 see the column."""

DECLARED: Final = "the sidecar"
"""The origin of a dtype that an operator declared."""

Missing = Literal["nan", "none"]


@dataclass(frozen=True, slots=True)
class ColumnForm:
    """One column as the model is given it.

    Attributes:
        name: of the column in a frame.
        dtype: as numpy or pandas name it: "float64", "object", "category", "Int64", "datetime64[us]".
        categories: of a "category" column, in the order of their codes.
        is_ordered: whether those categories are ordered.
        missing: what a missing value is in an object column; scikit-learn tells NaN from None.
        refuses_unknown: whether a value that is no category is an error; else it is a missing one, as to pandas.
        origin: where the dtype is known from, in words.
        is_guess: whether nothing tells the dtype, and another one may be right.
    """

    name: str
    dtype: str = "float64"
    categories: tuple[object, ...] = ()
    is_ordered: bool = False
    missing: Missing = "nan"
    refuses_unknown: bool = False
    origin: str = field(default="", compare=False)
    is_guess: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class ModelInput:
    """What a model is called with.

    Attributes:
        takes: a pandas DataFrame, a matrix, a list of texts, a list of dicts, or a tensor as it is.
        columns: one for each value of an instance, in the model's order.
        is_dmatrix: whether it is wrapped into XGBoost's DMatrix.
        findings: what was found out about columns that nothing says, one sentence each.
        doubts: what was guessed where another guess would be answered otherwise, one sentence each.
    """

    takes: Takes
    columns: tuple[ColumnForm, ...]
    is_dmatrix: bool = False
    findings: tuple[str, ...] = field(default=(), compare=False)
    doubts: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def matrix(cls, signature: Signature) -> "ModelInput":
        """Return the form of a matrix, each value as it comes."""
        dtypes = [feature.column_dtype for feature in signature.features for _ in range(feature.size)]
        return cls("array", tuple(ColumnForm("", np.dtype(dtype).name) for dtype in dtypes))

    def by_feature(self, signature: Signature) -> tuple[ColumnForm, ...]:
        """Return the form of each feature's first column; none where the columns are not described."""
        sizes = [feature.size for feature in signature.features]
        starts = accumulate(sizes[:-1], initial=0)
        return tuple(self.columns[start] for start in starts) if self.columns else ()

    def canonical(self) -> bytes:
        """Return the bytes that stand for the form: a model that is given another one may answer otherwise."""
        columns = [
            [
                column.name,
                column.dtype,
                [[type(value).__name__, str(value)] for value in column.categories],  # 1 is not "1"
                column.is_ordered,
                column.missing,
                column.refuses_unknown,
            ]
            for column in self.columns
        ]
        return json.dumps([self.takes, self.is_dmatrix, columns], separators=(",", ":"), ensure_ascii=True).encode()


A_MATRIX: Final = ModelInput("array", ())
"""The form of a model whose columns are not described."""
