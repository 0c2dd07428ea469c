"""The columns of a CSV file have the names of its header, each once, as the training frame had them."""

import pytest

from foreseen.adapters.tabular.csv_header import column_names
from foreseen.domain.errors import TableError


@pytest.mark.parametrize(
    ("header", "features", "names"),
    [
        (["x", "x", "x"], ["y"], ["x", "x.1", "x.2"]),
        (["x", "x", "x.1", "x"], ["y"], ["x", "x.2", "x.1", "x.3"]),
        (["x", "x", "x"], ["x", "x.1"], ["x", "x.1", "x.2"]),
        (["", "x"], ["x"], ["", "x"]),
        (["", "x", ""], ["x"], ["Unnamed: 0", "x", "Unnamed: 2"]),
        ([" x", " y"], ["x"], ["x", " y"]),
        ([" x", "x"], ["x"], [" x", "x"]),
        ([" x"], [" x"], [" x"]),
    ],
)
def test_columns_have_names_of_their_own(header: list[str], features: list[str], names: list[str]) -> None:
    assert column_names(header, features, trim=False, name="in.csv") == tuple(names)


def test_a_feature_twice_is_refused() -> None:
    with pytest.raises(TableError, match=r"^in.csv: expected each column once, got 'x' twice$"):
        column_names(["x", "y", "x"], ["x"], trim=False, name="in.csv")


def test_a_hundred_thousand_columns_of_one_name_take_no_time_to_speak_of() -> None:
    assert len(set(column_names(["x"] * 100_000, ["y"], trim=False, name="in.csv"))) == 100_000
