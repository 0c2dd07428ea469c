"""ModelInput: the form in which a model receives instances, independent of what clients send."""

import json
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, Literal, get_args

import numpy as np

from foreseen.domain.values.signature import Signature

Takes = Literal["frame", "polars", "array", "texts", "dicts", "tensor", "tensors"]
TAKES: tuple[str, ...] = get_args(Takes)

ANY_NUMBER: Final = "any number will do"
"""The origin of a dtype where only parts that turn every number into a float64 see the column."""

DECLARED: Final = "the sidecar"
"""The origin of a dtype that an operator declared."""

Missing = Literal["nan", "none"]


@dataclass(frozen=True, slots=True)
class ColumnForm:
    """One column as the model receives it.

    Attributes:
        name: of the column in a frame.
        dtype: as numpy or pandas name it: "float64", "object", "category", "Int64", "datetime64[us]".
        categories: of a "category" column, in the order of their codes.
        is_ordered: whether those categories are ordered.
        missing: what a missing value is in an object column; scikit-learn distinguishes NaN from None.
        rejects_unknown: whether a value that is not a category is an error; otherwise it is missing, as in pandas.
        origin: where the dtype is known from, in words.
        is_guess: whether nothing determines the dtype, and another one may be right.
    """

    name: str
    dtype: str = "float64"
    categories: tuple[object, ...] = ()
    is_ordered: bool = False
    missing: Missing = "nan"
    rejects_unknown: bool = False
    origin: str = field(default="", compare=False)
    is_guess: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class ModelInput:
    """What a model is called with.

    Attributes:
        takes: a DataFrame of pandas or polars, a matrix, a list of texts or of dicts, a tensor, or a dict of tensors.
        columns: one for each value of an instance, in the model's order; one for each tensor of a dict.
        shapes: of an instance's values in each tensor of a dict, () for a single value; empty in other forms.
        is_dmatrix: whether it is wrapped into XGBoost's DMatrix.
        findings: what trial calls determined about columns, one sentence each.
        doubts: guesses where another dtype would give other answers, one sentence each.
    """

    takes: Takes
    columns: tuple[ColumnForm, ...]
    is_dmatrix: bool = False
    shapes: tuple[tuple[int, ...], ...] = ()
    findings: tuple[str, ...] = field(default=(), compare=False)
    doubts: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def matrix(cls, signature: Signature) -> "ModelInput":
        """Return the form of a matrix of unchanged values."""
        dtypes = [feature.column_dtype for feature in signature.features for _ in range(feature.size)]
        return cls("array", tuple(ColumnForm("", np.dtype(dtype).name) for dtype in dtypes))

    def by_feature(self, signature: Signature) -> tuple[ColumnForm, ...]:
        """Return the form of each feature's first column; none if the columns are not described."""
        if self.takes == "tensors":
            return self.columns
        sizes = [feature.size for feature in signature.features]
        starts = accumulate(sizes[:-1], initial=0)
        return tuple(self.columns[start] for start in starts) if self.columns else ()

    def canonical(self) -> bytes:
        """Return bytes that identify the form: another form may get other answers."""
        columns = [
            [
                column.name,
                column.dtype,
                [[type(value).__name__, str(value)] for value in column.categories],  # 1 is not "1"
                column.is_ordered,
                column.missing,
                column.rejects_unknown,
            ]
            for column in self.columns
        ]
        form = [self.takes, self.is_dmatrix, columns, *([self.shapes] if self.shapes else [])]
        return json.dumps(form, separators=(",", ":"), ensure_ascii=True).encode()


A_MATRIX: Final = ModelInput("array", ())
"""The form of a model whose columns are not described."""
