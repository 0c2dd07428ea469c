"""Numbers as clients of many languages write them: each is the float that the client has, in the answer and the key."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import pytest

from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.http.requests.request_instances import InstanceReader
from foreseen.entrypoints.http.service.hot_path import HotPath
from support.echo_predictor import EchoPredictor, echo
from support.in_process_service import Service, service, wired_around

PLUS: Final = "a plus in a query string means a blank: write it as %2B"
WRITTEN: Final = [
    # Of each float the texts that were met: JavaScript's JSON.stringify, Java, Go, R (jsonlite, digits = NA), .NET,
    # pandas (to_json, double_precision=15), polars, Perl, jq, PHP, Ruby, C ("%.17g", "%f"), and Excel.
    (-0.0, ["-0.0", "0", "-0", "0.0", "-0e0"]),
    (3.0, ["3", "3.0", "3.00", "3e0", "3.0E+00", "0.3E1", "3.0000000000000000", "30e-1"]),
    (0.1 + 0.2, ["0.30000000000000004", "3.0000000000000004e-01", "3.0000000000000004E-1", "0.3000000000000000444"]),
    (0.1, ["0.1", "1e-1", "0.10000000000000001", "0.1000000000000000055511151231257827021181583404541015625"]),
    (float("0.10000000149011612"), ["0.10000000149011612", "1.0000000149011612E-1"]),
    (1e-7, ["1e-7", "1e-07", "1.0E-7", "1E-07", "0.0000001", "1.0e-7", "1.00000E-07"]),
    (100000.0, ["100000", "1e5", "1e+05", "1E+05", "100000.0", "1.0E5", "1.0e+5"]),
    (2.0**53 + 2, ["9007199254740994", "9007199254740994.0", "9.007199254740994e15", "9.007199254740994E15"]),
    (2.0**63, ["9223372036854776000", "9223372036854775808", "9.223372036854775807E+18", "9.223372036854776E18"]),
    (1e20, ["100000000000000000000", "1e20", "1e+20", "1.0E20", "1E+20", "100000000000000000000.0"]),
    (123456789012345680000.0, ["123456789012345680000", "1.2345678901234568e+20", "123456789012345677877.0"]),
    (1e21, ["1e21", "1e+21", "1.0E21", "1E+21", "1000000000000000000000", "1.0e+21"]),
    (5e-324, ["5e-324", "4.9E-324", "5E-324", "4.9406564584124654e-324", "4.94065645841247e-324"]),
    (1.7976931348623157e308, ["1.7976931348623157e+308", "1.7976931348623157E308", "1.797693134862315708e+308"]),
]


@pytest.fixture(scope="module")
def hot() -> Iterator[Service]:
    signature = Signature((Feature("x"),), kind="other")
    with service(wired_around(EchoPredictor(signature))) as ordinary:
        yield ordinary.behind(HotPath(ordinary.app, ordinary.predict, max_body=2**20, max_rows=10))


@pytest.mark.parametrize(("value", "texts"), WRITTEN, ids=[texts[0] for _, texts in WRITTEN])
def test_a_float_is_one_instance_in_any_clients_spelling(hot: Service, value: float, texts: list[str]) -> None:
    replies = [hot.post(f'{{"x":{text}}}'.encode()) for text in texts]
    replies += [hot.send("GET", query=f"x={quote(text)}".encode()) for text in texts]

    assert [reply.json() for reply in replies] == [{"prediction": echo([value + 0.0])}] * len(replies)
    assert {reply.cache_status for reply in replies[1:]} == {"foreseen; hit; detail=L1"}


@pytest.mark.parametrize("query", [b"x=1e+21", b"x=+5", b"x=1.5E+3"])
def test_a_bare_plus_in_a_query_is_rejected_with_advice(hot: Service, query: bytes) -> None:
    reply = hot.send("GET", query=query)

    assert (reply.status, reply.json()["errors"][0]["hint"]) == (422, PLUS)
    assert hot.send("GET", query=query.replace(b"+", b"%2B")).status == 200


@pytest.mark.parametrize("query", [b"x=1+2", b"x=1e+x", b"x=+", b"x=1e%2Bx"])
def test_an_error_unrelated_to_plus_has_no_such_hint(hot: Service, query: bytes) -> None:
    reply = hot.send("GET", query=query)

    assert reply.status == 422
    assert "hint" not in reply.json()["errors"][0]


def test_a_bare_plus_of_an_offset_is_rejected_with_advice() -> None:
    reader = InstanceReader(Signature((Feature("t", "datetime_tz"),)))

    with pytest.raises(InvalidBatchError) as caught:
        reader.from_query(b"t=2024-01-02+03:04:05+01:00")

    assert caught.value.violations[0].hint == PLUS


@pytest.mark.parametrize("text", ["9007199254740993", "1704153600000000123", "123456789012345677877", "1" + "0" * 309])
def test_an_integer_that_no_float_equals_is_rejected(hot: Service, text: str) -> None:
    """To answer is to answer for another number."""
    for reply in (hot.post(f'{{"x":{text}}}'.encode()), hot.get(x=text)):
        assert reply.status == 422
        assert reply.json()["detail"].startswith("x: expected an integer from -2^53 to 2^53, got ")
