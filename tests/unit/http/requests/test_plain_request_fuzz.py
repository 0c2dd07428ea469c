"""The hot path's reader on any bytes: it says nothing, or what the ordinary route says; it never raises.

So no two requests that differ come to one key, and nothing that would be rejected is answered.
"""

import json
import math
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.identity.key import Fingerprint, KeyRecipe, namespace
from foreseen.domain.values.signature import DATETIMES, Feature, Signature
from foreseen.entrypoints.http.requests.plain_request_reader import PlainRequest, QuickReader
from foreseen.entrypoints.http.requests.request_instances import InstanceReader
from foreseen.entrypoints.http.responses.problems import Rejection
from support.example_counts import examples
from support.fakes import FLOWER
from support.mutated_bytes import mutated
from support.random_instances import instances

MIXED = Signature(
    (Feature("a b"), Feature("é", dtype="float32", missing=True), Feature("n", dtype="int16"), Feature("on", "bool"))
)
TEXT = Signature((Feature("s", "string", missing=True), Feature("t", "string"), Feature("a")))
TENSOR = Signature((Feature("t", "float32", (2, 2)), Feature("a", missing=True)))
KINDS = Signature(
    (Feature("n", "int64", missing=True), Feature("b", "bool", missing=True), Feature("d", "datetime", missing=True),
     Feature("z", "datetime_tz"), Feature("u", "uint8")),
    ignored=("t",),
)  # fmt: skip
LAX = Signature((Feature("n", "int8", missing=True), Feature("x", missing=True)), extra_fields="ignore")
LONE = Signature((Feature("x"),))
MAX_ROWS = 4
JSON_SIGNS = b'{}[]",:0123456789.-+eE \\untrfalsINFy\x00\xff\xc3\xa9'
QUERY_SIGNS = b"&=%+;0123456789.-eE abnonxst\xc3\xa9[],"


class Readers:
    """Both readers of one signature, and what they make of the same bytes."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self.recipe = KeyRecipe(namespace(Fingerprint(b"f" * 16), signature, ("predict",)), signature)
        self.quick = QuickReader(signature, self.recipe, max_rows=MAX_ROWS)
        self.ordinary = InstanceReader(signature)

    def agree_on_body(self, body: bytes) -> None:
        """Hold what the quick one reads against the other."""
        self._agree(self.quick.of_body(body), lambda: self.ordinary.from_body(body))

    def agree_on_query(self, query: bytes) -> None:
        """The same of a query string."""
        self._agree(self.quick.of_query(query), lambda: self.ordinary.from_query(query))

    def _agree(self, quick: PlainRequest | None, read: Any) -> None:
        if quick is None:
            return
        try:
            ordinary = read()
        except (InvalidBatchError, Rejection) as exc:
            pytest.fail(f"the ordinary route rejects it: {exc}")
        assert list(quick.keys) == list(self.recipe.keys(ordinary.batch))
        assert quick.is_many == ordinary.is_many
        assert 1 <= len(quick.rows) <= MAX_ROWS


READERS = {name: Readers(one) for name, one in
           {"floats": FLOWER, "mixed": MIXED, "text": TEXT, "tensor": TENSOR, "kinds": KINDS, "lax": LAX,
            "lone": LONE}.items()}  # fmt: skip
each_signature = pytest.mark.parametrize("readers", READERS.values(), ids=READERS)


ABSENT = object()
"""In place of a value that an object lacks."""


def respelled(feature: Feature, value: Any) -> st.SearchStrategy[Any]:
    """Return a strategy of the ways in which JSON may write a value."""
    if value is None and feature.is_optional:
        return st.sampled_from([None, ABSENT, math.nan])
    if feature.dtype in DATETIMES and value is not None:
        return st.just(as_text(feature, value))
    if isinstance(value, int) and not feature.shape:
        return st.sampled_from([value, float(value)])
    return st.just(value)


def as_text(feature: Feature, value: Any) -> str:
    """Write a value as text."""
    if feature.dtype in DATETIMES and value is not None:
        return f"{np.datetime64(value, 'ns')}{'Z' if feature.dtype == 'datetime_tz' else ''}"
    return "" if value is None else str(value)


def bodies(signature: Signature) -> st.SearchStrategy[bytes]:
    """Return a strategy of valid bodies: one instance, objects, and rows."""
    names = signature.names
    row = instances(signature).flatmap(lambda values: st.tuples(*map(respelled, signature.features, values)).map(list))
    rows = st.lists(row, min_size=1, max_size=MAX_ROWS + 1)

    def written(drawn: tuple[list[list[Any]], str, bool]) -> bytes:
        some, form, is_ascii = drawn
        objects = [{name: value for name, value in zip(names, row, strict=True) if value is not ABSENT} for row in some]
        objects[0] |= {name: ["anything"] for name in signature.ignored}
        some = [[None if value is ABSENT else value for value in row] for row in some]
        document = {"one": objects[0], "objects": {"instances": objects}, "rows": {"instances": some}}[form]
        return json.dumps(document, ensure_ascii=is_ascii).encode(errors="surrogatepass")

    return st.tuples(rows, st.sampled_from(["one", "objects", "rows"]), st.booleans()).map(written)


@each_signature
@settings(max_examples=examples(25), deadline=None)
@given(body=st.binary(max_size=60) | st.lists(st.sampled_from(JSON_SIGNS), max_size=40).map(bytes))
def test_any_bytes_as_a_body(readers: Readers, body: bytes) -> None:
    readers.agree_on_body(body)


@each_signature
@settings(max_examples=examples(20), deadline=None)
@given(data=st.data())
def test_both_readers_agree_on_valid_and_mutated_bodies(readers: Readers, data: st.DataObject) -> None:
    right, other = data.draw(bodies(readers.signature)), data.draw(bodies(readers.signature))

    readers.agree_on_body(right)
    readers.agree_on_body(data.draw(mutated(right, foreign=other, alphabet=JSON_SIGNS)))


@each_signature
@settings(max_examples=examples(25), deadline=None)
@given(query=st.binary(max_size=60) | st.lists(st.sampled_from(QUERY_SIGNS), max_size=40).map(bytes))
def test_any_bytes_as_a_query(readers: Readers, query: bytes) -> None:
    readers.agree_on_query(query)


@each_signature
@settings(max_examples=examples(20), deadline=None)
@given(data=st.data())
def test_both_readers_agree_on_valid_and_mutated_queries(readers: Readers, data: st.DataObject) -> None:
    values = data.draw(instances(readers.signature))
    named = zip(readers.signature.features, values, strict=True)
    right = urlencode({feature.name: as_text(feature, value) for feature, value in named}, safe=":").encode()

    readers.agree_on_query(right)
    readers.agree_on_query(data.draw(mutated(right, alphabet=QUERY_SIGNS)))


@pytest.mark.parametrize(
    "body",
    [b'{"inst\\u0061nces":[[1,2],[3,4]]}', b'{"n":1,"instances":[[1,2]]}', b'{"instances":null,"n":1}',
     b'{"x":1,"instanc\\u0065s":7}', b'{"instances":[[1,2]],"x":1}', b'{"\\u0069nstances":[]}'],
)  # fmt: skip
def test_many_instances_are_never_read_as_one_that_ignores_them(body: bytes) -> None:
    """However their name is written, and whatever is beside it."""
    assert READERS["lax"].quick.of_body(body) is None


@pytest.mark.parametrize(
    ("name", "body"),
    [("floats", b'{"length":1,"width":2}'), ("mixed", b'{"instances":[[1,null,3,true]]}'),
     ("kinds", b'{"u":3.0,"z":"2024-01-02T03:04:05+01:00","n":7.0,"t":{}}'), ("lax", b'{"x":1,"other":[]}'),
     ("kinds", b'{"instances":[[null,null,"2024-01-02","2024-01-02T03:04:05Z",0]]}'),
     ("text", b'{"s":null,"t":"x","a":1}'), ("tensor", b'{"t":[[1,2],[3,4]],"a":1}'), ("lone", b'{"x":1}')],
)  # fmt: skip
def test_plainly_valid_bodies_are_read_quickly(name: str, body: bytes) -> None:
    """Else all of the above would hold of a reader that never says anything."""
    assert READERS[name].quick.of_body(body) is not None
