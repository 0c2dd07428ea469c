"""JSON Lines in: every line that is not blank comes out as an instance or as a reject, with its number."""

import io
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from foreseen.adapters.tabular.jsonl import line_blocks
from foreseen.adapters.tabular.jsonl.jsonl_reader import JsonlReader
from foreseen.domain.errors import MISSING_HINT, InvalidBatchError, TableError
from foreseen.domain.tables.table import Reject
from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.http.requests.request_instances import InstanceReader
from support.example_counts import examples

A, B = Feature("a"), Feature("b")


def read(data: str | bytes, *features: Feature) -> tuple[list[tuple[Any, ...]], list[int], list[Reject]]:
    """Read a whole file: its instances, their lines, and the rejects."""
    raw = data.encode() if isinstance(data, str) else data
    reader = JsonlReader(io.BytesIO(raw), name="in.jsonl", signature=Signature(features or (A, B)))
    rows: list[tuple[Any, ...]] = []
    lines: list[int] = []
    rejects: list[Reject] = []
    for chunk in reader:
        rows += zip(*(column.tolist() for column in chunk.batch.columns), strict=True) if chunk.batch else []
        lines += map(int, chunk.lines)
        rejects += chunk.rejects
    assert reader.bytes_read == len(raw)
    return rows, lines, rejects


@pytest.mark.parametrize(
    "data",
    [
        '{"a":1,"b":2}\n{"a":3,"b":4}\n',
        '{"a":1,"b":2}\n{"a":3,"b":4}',
        '{"a":1,"b":2}\r\n{"a":3,"b":4}\r\n',
        '\ufeff{"a":1,"b":2}\n{"a":3,"b":4}\n',
        ' { "b" : 2.0 , "a" : 1e0 , "x" : [ {} ] }\n{"a":30e-1,"b":4}\n',
    ],
    ids=repr,
)
def test_the_same_objects_in_many_ways_give_the_same_instances(data: str) -> None:
    assert read(data) == ([(1.0, 2.0), (3.0, 4.0)], [1, 2], [])


def test_blank_lines_are_no_rows_and_are_counted() -> None:
    assert read('\n{"a":1,"b":2}\n  \n\r\n{"a":3,"b":4}\n\n')[1:] == ([2, 5], [])


BAD_LINES = {
    "cut off": ('{"a":1,"b"', "", 'expected JSON, got {"a":1,"b"'),
    "no JSON": ("a,b", "", "expected JSON, got a,b: "),
    "a list": ("[1,2]", "", "expected a JSON object, got [1,2]"),
    "a number": ("7", "", "expected a JSON object, got 7"),
    "two objects": ('{"a":1,"b":2} {"a":1,"b":2}', "", "expected JSON, got "),
    "endless lists": ("[" * 100_000, "", "expected JSON, got "),
    "without a feature": ('{"a":1}', "b", "expected a number, got null; if it may be missing"),
    "text": ('{"a":1,"b":"2"}', "b", 'expected a number, got "2"'),
    "null": ('{"a":1,"b":null}', "b", "expected a number, got null"),
    "many digits": ('{"a":' + "9" * 5000 + ',"b":2}', "a", "expected a number, got 999"),
    "NaN": ('{"a":1,"b":NaN}', "b", "expected a number, got NaN"),
    "an object": ('{"a":{},"b":2}', "a", "expected a number, got {}"),
    "too large": ('{"a":1,"b":1e999}', "b", "expected a finite float64 number, got "),
    "inexact": (f'{{"a":1,"b":{2**53 + 1}}}', "b", "expected an integer from -2^53 to 2^53, got "),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_line_that_does_not_fit_is_rejected_alone(name: str) -> None:
    line, column, reason = BAD_LINES[name]

    rows, lines, rejects = read('{"a":1,"b":2}\n' + line + '\n{"a":3,"b":4}\n')

    assert (rows, lines) == ([(1.0, 2.0), (3.0, 4.0)], [1, 3])
    assert [(one.line, one.column) for one in rejects] == [(2, column)]
    assert rejects[0].reason.startswith(reason)


def test_a_rejected_row_is_shown_as_the_object_it_was() -> None:
    _, _, rejects = read('{"x":"y","a":1,"b":"two"}\n{"a":1.0,"b":null}\n')

    assert [one.row for one in rejects] == ['{"x":"y","a":1,"b":"two"}', '{"a":1.0,"b":null}']


def test_a_later_field_is_rejected_and_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_blocks, "BLOCK_BYTES", 40)
    rows, _, rejects = read('{"a":1,"b":2}\n{"a":1,"b":2,"x":0}\n' + '{"a":1,"b":2}\n' * 9 + '{"a":1,"b":2,"y":0}\n')

    assert len(rows) == 11
    assert [(one.line, one.reason) for one in rejects] == [
        (12, "expected a field that the first objects have as well, got 'y'")
    ]


def test_a_misspelt_field_is_pointed_to_in_any_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_blocks, "BLOCK_BYTES", 80)
    length, width = Feature("petal_length"), Feature("petal_width")
    right, early, late = (
        '{"petal_length":1,"petal_width":2}\n',
        '{"petal_length":1,"Petal.Width":2}\n',
        '{"petal_lenght":1,"petal_width":2}\n',
    )

    rows, _, rejects = read(right + early + right * 3 + late, length, width)

    assert len(rows) == 4
    assert [(one.line, one.column, one.reason) for one in rejects] == [
        (2, "petal_width", f"expected a number, got null; {MISSING_HINT}; did you mean 'Petal.Width'?"),
        (
            6,
            "",
            "expected a field that the first objects have as well, got 'petal_lenght'; did you mean 'petal_length'?",
        ),
    ]


def test_strings_bools_and_tensors_require_their_dtype() -> None:
    features = Feature("t", dtype="string"), Feature("f", dtype="bool"), Feature("i", dtype="int8", shape=(2,))
    lines = [
        '{"t":"\\u00c5 \\"no\\"","f":true,"i":[1,-2]}',
        '{"t":1,"f":true,"i":[1,2]}',
        '{"t":"x","f":2,"i":[1,2]}',
        '{"t":"x","f":false,"i":[1]}',
        '{"t":"x","f":false,"i":[1,128]}',
        '{"t":null,"f":false,"i":[1,2]}',
        '{"t":"\\ud800","f":false,"i":[1,2]}',
        '{"t":"","f":false,"i":[0,0]}',
    ]

    rows, at, rejects = read("\n".join(lines), *features)

    assert rows == [('Å "no"', True, [1, -2]), ("", False, [1, 2]), ("", False, [0, 0])]
    assert at == [1, 6, 8]
    assert [(one.line, one.column) for one in rejects] == [(2, "t"), (3, "f"), (4, "i"), (5, "i"), (7, "t")]


REJECTED: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "expected one JSON object per line, got nothing"),
    "blank": ("\n\n", "expected one JSON object per line, got nothing"),
    "CSV": ("a,b\n1,2\n", "expected one JSON object per line, got 1,2"),
    "without a feature": ('{"a":1,"bb":2}\n', "expected a column 'b', got a, bb; did you mean 'bb'?"),
    "not UTF-8": (b'{"a":1,"b":2}\n{"a":1,"b":2,"\xe5":1}\n', "line 2: expected UTF-8, got the bytes e5"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_file_without_a_table_is_rejected_in_one_line(name: str) -> None:
    data, said = REJECTED[name]

    with pytest.raises(TableError) as caught:
        read(data)

    assert str(caught.value).startswith(f"in.jsonl: {said}")
    assert "\n" not in str(caught.value)


def test_an_object_may_lack_what_may_be_missing() -> None:
    b = Feature("b", dtype="int64", missing=True)

    rows, _, rejects = read('{"a":1,"b":2}\n{"a":3}\n{"a":4,"b":null}\n', A, b)

    assert [row[0] for row in rows] == [1, 3, 4]
    assert np.array_equal([row[1] for row in rows], [2, np.nan, np.nan], equal_nan=True)
    assert rejects == []


def test_an_optional_field_may_be_absent_unless_misspelt() -> None:
    width = Feature("petal_width", missing=True)

    rows, _, rejects = read('{"a":1,"species":"x"}\n', A, width)
    with pytest.raises(TableError, match=r"expected a column 'petal_width', .*did you mean 'petal_widht'"):
        read('{"a":1,"petal_widht":0.2}\n', A, width)

    assert (len(rows), np.isnan(rows[0][1]), rejects) == (1, True, [])


def test_many_lines_keep_their_numbers_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_blocks, "BLOCK_BYTES", 1000)
    lines = ["" if n % 7 == 0 else "x" if n % 11 == 0 else f'{{"a":{n},"b":0}}' for n in range(1, 3001)]

    rows, at, rejects = read("\n".join(lines))

    assert [row[0] for row in rows] == at == [n for n in range(1, 3001) if n % 7 and n % 11]
    assert [one.line for one in rejects] == [n for n in range(1, 3001) if n % 7 and n % 11 == 0]


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-200, 300), st.floats(), st.text(max_size=3),
    st.sampled_from([0, 1, 0.0, 1.0, 2.5, 127.0, 2.0**53, "2024-01-02", "2024-01-02T03:04Z", "2024-01-02 03:04:05.25"]),
    st.lists(st.one_of(st.integers(-200, 300), st.floats(), st.none(), st.booleans()), max_size=3),
)  # fmt: skip
FEATURES = [
    A,
    Feature("a", missing=True),
    Feature("a", dtype="float32"),
    Feature("a", dtype="int8"),
    Feature("a", dtype="int8", missing=True),
    Feature("a", dtype="bool"),
    Feature("a", dtype="bool", missing=True),
    Feature("a", dtype="datetime"),
    Feature("a", dtype="datetime_tz", missing=True),
    Feature("a", dtype="string"),
    Feature("a", dtype="string", missing=True),
    Feature("a", shape=(2,)),
]


@pytest.mark.parametrize("feature", FEATURES, ids=lambda f: f"{f.dtype}{f.shape or ''}{' missing' * f.missing}")
def test_a_line_is_taken_as_a_request_with_it_is(feature: Feature) -> None:
    signature = Signature((feature,))
    http = InstanceReader(signature)

    @given(VALUES)
    @settings(max_examples=examples(50), deadline=None)
    def check(value: Any) -> None:
        # Files take an empty string and null for one value, as an empty cell is both.
        assume(value != "" and (value is not None or feature.dtype != "string"))
        body = json.dumps({"a": value}).encode()
        try:
            asked = http.from_body(body).batch.columns
        except InvalidBatchError:
            asked = ()
        (chunk,) = JsonlReader(io.BytesIO(body), name="in", signature=signature)

        assert (chunk.batch is None) == (not asked)
        if chunk.batch is not None:
            (one,), (other,) = asked, chunk.batch.columns
            assert one.dtype == other.dtype
            assert one.tolist() == other.tolist() if feature.dtype == "string" else one.tobytes() == other.tobytes()

    check()


def test_a_line_of_any_length_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_blocks, "BLOCK_BYTES", 64)
    monkeypatch.setattr(line_blocks, "LONGEST_LINE_BYTES", 1000)

    assert len(read('{"a":1,"b":2}\n' + '{"a":1,"b":' + " " * 500 + "2}\n")[0]) == 2
    with pytest.raises(TableError, match=r"in.jsonl: expected lines of at most 0 MiB, got a longer one"):
        read('{"a":1,"b":2}\n' + '{"a":1,"b":' + " " * 5000 + "2}\n")
