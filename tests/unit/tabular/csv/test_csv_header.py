"""The columns of a CSV file have the names of its header, each once, as the training frame had them."""

import csv

import pytest

from foreseen.adapters.tabular.csv.csv_cells import cells_of
from foreseen.adapters.tabular.csv.csv_header import column_names, header_names
from foreseen.adapters.tabular.csv.csv_special_characters import Signs
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


def test_a_repeated_feature_is_rejected() -> None:
    with pytest.raises(TableError, match=r"^in.csv: expected each column once, got 'x' twice$"):
        column_names(["x", "y", "x"], ["x"], trim=False, name="in.csv")


def test_a_hundred_thousand_columns_of_one_name_take_linear_time() -> None:
    assert len(set(column_names(["x"] * 100_000, ["y"], trim=False, name="in.csv"))) == 100_000


@pytest.mark.parametrize(
    ("line", "signs", "cells"),
    [
        ('a,"b ""c"", d",', Signs(b",", b'"'), ["a", 'b "c", d', ""]),
        ('"a"b,c"d",e', Signs(b",", b'"'), ["ab", 'c"d"', "e"]),
        ('a,"b,c\r\n', Signs(b",", b'"'), ["a", "b,c"]),
        ('a;"b;c', Signs(b";", b""), ["a", '"b', "c"]),
        ('a\\,b,"c\\"d",\\N,e\\\\', Signs(b",", b'"', b"\\"), ["a,b", 'c"d', "\\N", "e\\"]),
        ("", Signs(b",", b'"'), [""]),
    ],
)
def test_a_line_has_the_cells_that_its_signs_say(line: str, signs: Signs, cells: list[str]) -> None:
    assert cells_of(line, signs) == cells


def test_settings_of_the_process_for_csv_change_no_header() -> None:
    before = csv.field_size_limit(2)
    try:
        assert header_names(b'long,"longer"\n', Signs(b",", b'"')) == ["long", "longer"]
    finally:
        csv.field_size_limit(before)
