"""Instances that do not fit the model: rejected with the place, by every kind of request."""

import json
import math
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from foreseen.domain.errors import InvalidBatchError, Violation
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from foreseen.domain.values.signature import Feature, Signature
from support.fakes import FakePredictor
from support.in_process_service import Reply, Service, service, wired_around

SIGNATURE = Signature(
    (
        Feature("sepal_length"),
        Feature("petal_width", dtype="float32"),
        Feature("weight", missing=True),
        Feature("count", dtype="int64"),
        Feature("small", dtype="uint8"),
        Feature("fresh", dtype="bool"),
        Feature("colour", dtype="string"),
        Feature("note", dtype="string", missing=True),
        Feature("day", dtype="datetime"),
        Feature("at", dtype="datetime_tz", missing=True),
        Feature("children", dtype="int8", missing=True),
    ),
    kind="regression",
)
GOOD: dict[str, object] = {
    "sepal_length": 5.1, "petal_width": 0.25, "weight": None, "count": 3,
    "small": 7, "fresh": True, "colour": "red", "note": None, "day": "2024-01-02", "at": None, "children": None,
}  # fmt: skip
REQUIRED = [feature.name for feature in SIGNATURE.features if not feature.missing]
MISSING = object()
"""In place of a value: the feature is left out."""


class Constant(FakePredictor):
    """Answers 0 to anything that is valid."""

    def predict(self, batch: Batch) -> Predictions:
        self.calls.append(len(batch))
        if self.error is not None:
            raise self.error
        return Predictions({"prediction": [0] * len(batch)})


@pytest.fixture(scope="module")
def flowers() -> Iterator[Service]:
    with service(wired_around(Constant(SIGNATURE))) as client:
        yield client


def with_value(name: str, value: object) -> dict[str, object]:
    changed = GOOD | {name: value}
    return {name: value for name, value in changed.items() if value is not MISSING}


def problem(reply: Reply, status: int = 422) -> dict[str, Any]:
    """Check that a reply is a problem document and give it."""
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    assert reply.cache_status == "foreseen; fwd=bypass"
    document: dict[str, Any] = reply.json()
    assert document["status"] == status
    assert set(document) >= {"type", "title", "detail"}
    return document


def text(value: object) -> str:
    """Write a value as a query string holds it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


WRONG = [
    ("sepal_length", MISSING, "expected a value, got nothing"),
    ("sepal_length", "wide", 'expected a number, got "wide"'),
    ("sepal_length", "5.1 ", 'expected a number, got "5.1 "'),
    ("sepal_length", [5.1], "expected a number, got [5.1]"),
    ("sepal_length", {"cm": 5.1}, 'expected a number, got {"cm": 5.1}'),
    ("sepal_length", None, "expected a number, got null"),
    ("sepal_length", 2**53 + 1, "expected an integer from -2^53 to 2^53, got 9007199254740993"),
    ("sepal_length", -(2**53) - 1, "expected an integer from -2^53 to 2^53, got -9007199254740993"),
    ("sepal_length", 2**64 + 1, "expected an integer from -2^53 to 2^53, got 18446744073709551617"),
    ("petal_width", 1e39, "expected a finite float32 number, got 1e+39"),
    ("petal_width", -1e39, "expected a finite float32 number, got -1e+39"),
    ("petal_width", 2**53 + 1, "expected an integer from -2^53 to 2^53, got 9007199254740993"),
    ("weight", "heavy", 'expected a number, got "heavy"'),
    ("weight", 2**53 + 1, "expected an integer from -2^53 to 2^53, got 9007199254740993"),
    ("count", 3.5, "expected an integer, got 3.5"),
    ("count", "three", 'expected an integer, got "three"'),
    ("count", None, "expected an integer, got null"),
    ("count", 2**53 + 1, "9007199254740993"),
    ("count", -(2**53) - 1, "-9007199254740993"),
    ("count", 2**63, "9223372036854775808"),
    ("count", 2**64, "18446744073709551616"),
    ("small", 256, "256"),
    ("small", -1, "-1"),
    ("fresh", "yes", 'expected true or false, got "yes"'),
    ("fresh", 2, "expected true or false, got 2"),
    ("fresh", None, "expected true or false, got null"),
    ("colour", MISSING, "expected a value, got nothing"),
    ("day", MISSING, "expected a value, got nothing"),
    ("day", None, 'expected a date and time such as "2024-01-02T03:04:05", got null'),
    ("day", "2.1.2024", 'expected a date and time such as "2024-01-02T03:04:05", got "2.1.2024"'),
    ("day", 1704164645, 'expected a date and time such as "2024-01-02T03:04:05", got 1704164645'),
    ("day", "2024-02-30", 'expected a date of the calendar, got "2024-02-30"'),
    ("day", "2300-01-01", "expected a date and time from 1677-09-21T00:12:43.145224193 to 2262-04-11T"),
    ("day", "2024-01-02T00:00Z", 'such as "2024-01-02T03:04:05", without an offset, got "2024-01-02T00:00Z"'),
    ("at", "2024-01-02T00:00", 'with an offset such as "2024-01-02T03:04:05Z", got "2024-01-02T00:00"'),
    ("children", 2.5, "expected an integer, got 2.5"),
    ("children", 128.0, "expected an integer from -128 to 127, got 128.0"),
]
NAMES = [f"{name}={'nothing' if value is MISSING else json.dumps(value)}" for name, value, _ in WRONG]


@pytest.mark.parametrize(("name", "value", "said"), WRONG, ids=NAMES)
class TestWrongValue:
    def test_posted_alone_it_is_named(self, flowers: Service, name: str, value: object, said: str) -> None:
        document = problem(flowers.post(with_value(name, value)))

        assert document["detail"].startswith(f"{name}: expected ")
        assert said in document["detail"]
        assert document["errors"][0]["place"] == name

    def test_in_a_list_its_row_is_named_too(self, flowers: Service, name: str, value: object, said: str) -> None:
        document = problem(flowers.post({"instances": [GOOD, GOOD, GOOD, with_value(name, value), GOOD]}))

        assert document["detail"].startswith(f"instances[3].{name}: expected ")
        assert said in document["detail"]

    def test_in_a_row_its_column_is_named(self, flowers: Service, name: str, value: object, said: str) -> None:
        row = list(with_value(name, value).values())

        document = problem(flowers.post({"instances": [list(GOOD.values()), row]}))

        place = "instances[1]" if value is MISSING else f"instances[1].{name}"
        assert document["detail"].startswith(f"{place}: expected ")

    def test_in_a_query_string_it_is_named(self, flowers: Service, name: str, value: object, said: str) -> None:
        query = {other: text(each) for other, each in with_value(name, value).items()}

        document = problem(flowers.send("GET", query=urlencode(query).encode()))

        assert document["detail"].startswith(f"{name}: expected ")


def test_a_valid_request_is_answered(flowers: Service) -> None:
    """All that is wrong in this file is one change away from this."""
    query = urlencode({name: text(value) for name, value in GOOD.items()}).encode()

    for reply in (flowers.post(GOOD), flowers.send("GET", query=query)):
        assert (reply.status, reply.body) == (200, b'{"prediction":0}')


@pytest.mark.parametrize("number", [2**53, -(2**53), 2.0**53, 1e300, -1e300, 5e-324, 0])
def test_numbers_that_every_client_reads_alike_are_taken(flowers: Service, number: float) -> None:
    assert flowers.post(with_value("sepal_length", number)).status == 200


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400, "-" + "9" * 4000])
@pytest.mark.parametrize("name", ["sepal_length", "petal_width", "weight", "count", "small"])
def test_a_non_finite_number_is_rejected_with_its_place(flowers: Service, name: str, number: str) -> None:
    if (name, number) == ("weight", "NaN"):
        return  # a missing number, tested below
    body = json.dumps({"instances": [GOOD, with_value(name, "HERE")]}).replace('"HERE"', number)
    query = {other: text(value) for other, value in with_value(name, number).items()}

    posted = problem(flowers.post(body.encode()))
    client = problem(flowers.send("GET", query=urlencode(query).encode()))

    assert posted["detail"].startswith(f"instances[1].{name}: expected ")
    assert client["detail"].startswith(f"{name}: expected ")
    assert len(posted["detail"]) < 300


SPELLINGS: dict[str, list[object]] = {
    "sepal_length": [1, 1.0, True],
    "weight": [0, -0.0, False],
    "count": [3, 3.0],
    "small": [1, True, 1.0],
    "fresh": [True, 1, 1.0],
    "children": [0, 0.0, False],
    "note": [None, math.nan, MISSING],
    "at": ["2024-01-02T03:04:05Z", "2024-01-02 04:04:05.000+01:00", "2024-01-01T22:04:05-0500"],
    "day": ["2024-01-02", "2024-01-02T00:00", "2024-01-02 00:00:00.000000000"],
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_of_one_value_are_one_instance(flowers: Service, name: str) -> None:
    """The first is computed, or known from another test; the others are hits."""
    replies = [flowers.post(with_value(name, value)) for value in SPELLINGS[name]]
    replies += [flowers.post({"instances": [with_value(name, value)]}) for value in SPELLINGS[name]]

    assert {reply.status for reply in replies} == {200}
    assert {reply.cache_status for reply in replies[1:]} == {"foreseen; hit; detail=L1"}


@pytest.mark.parametrize("name", ["weight", "note", "at", "children"])
def test_an_optional_value_may_be_null_nan_blank_or_absent(flowers: Service, name: str) -> None:
    posted = [flowers.post(with_value(name, value)) for value in (None, math.nan, MISSING)]
    queried = [
        flowers.send("GET", query=urlencode({n: text(v) for n, v in with_value(name, value).items()}).encode())
        for value in (None, MISSING)
    ]

    assert {reply.status for reply in (*posted, *queried)} == {200}
    assert {reply.cache_status for reply in (*posted[1:], *queried)} == {"foreseen; hit; detail=L1"}


@pytest.mark.parametrize("name", ["sepal_length", "count", "fresh", "day"])
def test_a_rejected_null_says_how_to_allow_it(flowers: Service, name: str) -> None:
    (error,) = problem(flowers.post(with_value(name, None)))["errors"]

    assert error["hint"] == "if it may be missing, declare missing = true for it in the sidecar"


def test_an_optional_number_may_be_null_nan_or_blank(flowers: Service) -> None:
    bodies = [json.dumps(GOOD | {"weight": float("nan")}), json.dumps(GOOD | {"weight": None})]
    queries = [
        urlencode({name: text(value) for name, value in (GOOD | {"weight": weight}).items()})
        for weight in ("", "nan", "NaN")
    ]
    replies = [flowers.post(body.encode()) for body in bodies]
    replies += [flowers.send("GET", query=query.encode()) for query in queries]

    assert {(reply.status, reply.cache_status) for reply in replies[1:]} == {(200, "foreseen; hit; detail=L1")}


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_number_of_thousands_of_digits_is_rejected(flowers: Service, sign: str) -> None:
    document = problem(flowers.post(b'{"instances": [{"sepal_length": ' + sign.encode() + b"9" * 5000 + b"}]}"))
    query = urlencode({name: text(value) for name, value in with_value("count", sign + "9" * 5000).items()})

    assert document["detail"].startswith("instances[0].sepal_length: expected an integer from -2^53 to 2^53, got ")
    assert problem(flowers.send("GET", query=query.encode()))["detail"].startswith("count: expected an integer")


@pytest.mark.parametrize(
    ("number", "means"),
    [("1" + "0" * 5000 + "e-5000", "1"), ("-25" + "0" * 4999 + ".5E-5000", "-2.5"), ("9" * 4301 + "e-4301", "1.0")],
    ids=["an integer's digits", "a fraction", "one that rounds"],
)
def test_a_number_of_thousands_of_digits_keeps_its_value(number: str, means: str) -> None:
    with service(wired_around(FakePredictor())) as plain:
        short, long = (f'{{"length": {text}, "width": 1, "width": 2}}'.encode() for text in (means, number))
        expected = plain.post(short)

        assert plain.post(long).body == expected.body
        assert plain.post(long).cache_status == "foreseen; hit; detail=L1"


def test_an_error_behind_a_long_number_names_its_column(flowers: Service) -> None:
    for digits in (1000, 4300, 4301, 6000):
        body = b'{"text": "%b\\"", "number": %b' % (b"1" * 5000, b"1" * digits)

        assert problem(flowers.post(body + b"x"), 400)["detail"].endswith(f"column {len(body) + 1}")


@pytest.mark.parametrize("value", ["\ud800", "red \udfff", "\ud800\u0041"])
def test_half_of_a_surrogate_pair_is_no_text(flowers: Service, value: str) -> None:
    document = problem(flowers.post(with_value("colour", value)), 400)

    assert document["detail"].startswith("expected JSON, got ")
    assert " at line 1 column " in document["detail"]


def test_half_of_a_surrogate_pair_is_no_name(flowers: Service) -> None:
    assert " at line 1 column " in problem(flowers.post(b'{"\\ud800": 1}'), 400)["detail"]


@pytest.mark.parametrize("value", ["\u0000", "😀", "e\u0301", "a&b=c+d%20", "\u2028", '"\\', " red "])
def test_text_is_read_unchanged(flowers: Service, value: str) -> None:
    query = urlencode({name: text(each) for name, each in with_value("colour", value).items()}).encode()

    assert flowers.post(with_value("colour", value)).status == 200
    assert flowers.send("GET", query=query).cache_status == "foreseen; hit; detail=L1"


class TestNames:
    def test_an_extra_feature_is_named(self, flowers: Service) -> None:
        document = problem(flowers.post(GOOD | {"altitude": 3}))

        assert document["detail"] == "altitude: expected no such feature, got 3"

    def test_a_misspelt_feature_is_named_with_a_suggestion(self, flowers: Service) -> None:
        misspelt = {"sepal_lenght" if name == "sepal_length" else name: value for name, value in GOOD.items()}

        document = problem(flowers.post({"instances": [GOOD, misspelt]}))

        assert document["errors"] == [
            {
                "place": "instances[1].sepal_length",
                "expected": "a value",
                "got": "nothing",
                "hint": "was 'sepal_lenght' meant?",
            },
            {
                "place": "instances[1].sepal_lenght",
                "expected": "no such feature",
                "got": "5.1",
                "hint": "did you mean 'sepal_length'?",
            },
        ]

    def test_a_misspelt_parameter_too(self, flowers: Service) -> None:
        query = urlencode({name: text(value) for name, value in GOOD.items()}).replace("sepal_length", "Sepal_lenght")

        document = problem(flowers.send("GET", query=query.encode()))

        assert "Sepal_lenght: expected no such feature" in document["detail"]
        assert document["errors"][0]["hint"] == "did you mean 'sepal_length'?"

    def test_only_the_first_violations_are_listed(self, flowers: Service) -> None:
        document = problem(flowers.post({"instances": [{}] * 500}))

        assert len(document["errors"]) == 20
        assert document["detail"] == "instances[0].sepal_length: expected a value, got nothing; and 19 more"

    def test_an_empty_object_lacks_every_required_feature(self, flowers: Service) -> None:
        document = problem(flowers.post(b"{}"))

        assert [error["place"] for error in document["errors"]] == REQUIRED

    def test_only_the_start_of_an_endless_name_is_shown(self, flowers: Service) -> None:
        endless = "x" * 1_000_000
        query = urlencode({name: text(value) for name, value in GOOD.items()} | {endless: "1"}).encode()

        for reply in (
            flowers.post(GOOD | {endless: 1}),
            flowers.send("GET", query=query),
            flowers.post({"instances": [GOOD], endless: 1}),
        ):
            assert reply.status in (400, 422)
            assert b"x" * 999 in reply.body
            assert len(reply.body) < 5_000

    def test_an_empty_name_is_unknown(self, flowers: Service) -> None:
        assert problem(flowers.post(GOOD | {"": 1}))["detail"] == '"": expected no such feature, got 1'
        assert problem(flowers.post({"instances": [GOOD | {"": 1}]}))["errors"][0]["place"] == 'instances[0].""'

        beside = problem(flowers.post({"instances": [GOOD], "": 1}))
        assert beside["detail"] == '"": expected nothing beside "instances", got 1'

        assert problem(flowers.send("GET", query=b"=1"))["errors"][0]["place"] == '""'


class TestQueryString:
    def test_a_parameter_given_twice_is_rejected(self, flowers: Service) -> None:
        query = urlencode({name: text(value) for name, value in GOOD.items()}) + "&count=3"

        document = problem(flowers.send("GET", query=query.encode()))

        assert document["detail"] == "count: expected one value, got 2"

    def test_no_parameters_lack_every_feature_that_may_not_be_missing(self, flowers: Service) -> None:
        assert [error["place"] for error in problem(flowers.get())["errors"]] == REQUIRED

    @pytest.mark.parametrize("name", ["sepal_length", "count", "small", "fresh"])
    @pytest.mark.parametrize("written", ["{}=", "{}"])
    def test_a_blank_value_is_no_number(self, flowers: Service, name: str, written: str) -> None:
        others = urlencode({other: text(value) for other, value in GOOD.items() if other != name})

        document = problem(flowers.send("GET", query=f"{others}&{written.format(name)}".encode()))

        assert document["errors"][0]["place"] == name
        assert document["errors"][0]["got"] == "nothing"

    def test_a_blank_string_is_an_empty_one(self, flowers: Service) -> None:
        query = urlencode({name: text(value) for name, value in with_value("colour", "").items()})

        assert flowers.send("GET", query=query.encode()).status == 200

    @pytest.mark.parametrize("bad", [b"colour=%ff", b"%ff=1", b"colour=%ed%a0%80", b"colour=\xff"])
    def test_invalid_utf8_is_rejected(self, flowers: Service, bad: bytes) -> None:
        assert "UTF-8" in problem(flowers.send("GET", query=bad))["detail"]

    @pytest.mark.parametrize("bad", [b"sepal_length=%zz", b"sepal_length=%", b"sepal_length=%5", b"%=%"])
    def test_a_percent_sign_that_encodes_nothing_is_no_number(self, flowers: Service, bad: bytes) -> None:
        assert "%" in problem(flowers.send("GET", query=bad))["detail"]

    @pytest.mark.parametrize(
        "number", ["0x10", "1_000", "1,5", " 1", "1 ", "\u0661", "1e", "--1", "inf", "infinity", "nan"]
    )
    def test_numbers_are_decimal(self, flowers: Service, number: str) -> None:
        query = urlencode({name: text(value) for name, value in with_value("sepal_length", number).items()})

        assert problem(flowers.send("GET", query=query.encode()))["errors"][0]["place"] == "sepal_length"

    def test_thousands_of_parameters_are_rejected(self, flowers: Service) -> None:
        problem(flowers.send("GET", query=b"&".join([b"a=1"] * 20_000)))


class TestRows:
    @pytest.mark.parametrize("length", [0, 1, 7, 12, 100])
    def test_a_row_of_another_length_is_rejected(self, flowers: Service, length: int) -> None:
        document = problem(flowers.post({"instances": [list(GOOD.values()), [1.0] * length]}))

        assert document["detail"].startswith("instances[1]: expected 11 values (sepal_length, petal_width, ")
        assert document["detail"].endswith(f"got {length}")

    @pytest.mark.parametrize("element", [None, 1, 1.5, "red", True])
    def test_an_element_that_is_no_instance_is_rejected(self, flowers: Service, element: object) -> None:
        document = problem(flowers.post({"instances": [GOOD, element]}))

        assert document["detail"].startswith("instances[1]: expected an object with sepal_length, ")

    def test_a_list_of_numbers_is_no_list_of_rows(self, flowers: Service) -> None:
        document = problem(flowers.post({"instances": [5.1, 3.5, 1.4, 0.2]}))

        assert document["errors"][0]["place"] == "instances[0]"


def test_a_rejection_by_the_model_is_a_client_error(flowers: Service) -> None:
    predictor = flowers.predict.predictor
    assert isinstance(predictor, Constant)
    predictor.error = InvalidBatchError([Violation("values that the model accepts", "its error: unknown category")])
    try:
        document = problem(flowers.post(with_value("colour", "never seen")))
    finally:
        predictor.error = None

    assert document["detail"] == "expected values that the model accepts, got its error: unknown category"
