"""Both ways to answer, and both text formats of files, on values in every spelling that a grammar of its own draws.

The grammar also says what a request means. So whatever is answered is answered by the model's word on just those
values, whether the hot path or the application has read them and whether they were known or not; whatever means nothing
is rejected; and two instances have one key if their values are equal, and only then.
"""

import csv
import io
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from foreseen.adapters.tabular.csv.csv_reader import CsvReader
from foreseen.adapters.tabular.jsonl.jsonl_reader import JsonlReader
from foreseen.domain.identity.key import Key
from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.http.requests.plain_request_reader import QuickReader
from foreseen.entrypoints.http.requests.request_instances import InstanceReader
from foreseen.entrypoints.http.service.hot_path import HotPath
from support.echo_predictor import EchoPredictor, echo
from support.in_process_service import Reply, Service, service, wired_around
from support.request_grammar.bodies import Values, body
from support.request_grammar.query_strings import query
from support.request_grammar.request_count import DRAWN

MAX_ROWS: Final = 4
SIGNATURES: Final = {
    "float64": Signature((Feature("a"), Feature("b")), kind="other"),
    "float32": Signature((Feature("x1", "float32"), Feature("x2", "float32", missing=True)), kind="other"),
    "integers": Signature(
        (Feature("i", "int64"), Feature("j", "uint64"), Feature("k", "int8", missing=True), Feature("l", "uint16")),
        kind="other",
    ),
    "bools": Signature((Feature("p", "bool"), Feature("q", "bool", missing=True), Feature("a")), kind="other"),
    "text": Signature((Feature("s", "string", missing=True), Feature("t", "string"), Feature("a")), kind="other"),
    "dates": Signature((Feature("d", "datetime", missing=True), Feature("z", "datetime_tz")), kind="other"),
    "frame": Signature(
        (Feature("sepal length (cm)"), Feature("größe", "float32"), Feature("a b", "int32"), Feature("c", "string")),
        kind="other",
        ignored=("id", "note"),
    ),
    "lax": Signature((Feature("a", missing=True), Feature("n", "int16", missing=True)), "other", extra_fields="ignore"),
    "lone": Signature((Feature("x"),), kind="other"),
    "tensor": Signature((Feature("t", "float32", (2, 2)), Feature("v", "int16", (2,)), Feature("a")), kind="other"),
}


class Ways:
    """The ways to one model: with a cache that both share, and with none."""

    def __init__(self, signature: Signature, services: Sequence[Service]) -> None:
        self.signature = signature
        self._services = services
        self._pairs = [(each, each.behind(_hot_path(each))) for each in services]
        self._recipe = services[0].predict.recipe
        self._quick = QuickReader(signature, self._recipe, max_rows=MAX_ROWS)
        self._ordinary = InstanceReader(signature)
        self._values_of: dict[Key, Values] = {}
        self._key_of: dict[Values, Key] = {}

    def reply(self, rng: random.Random, method: str, **sent: Any) -> Reply:
        """Return the reply of every way, whether the answer is known or not, after comparing them."""
        replies = []
        for pair in self._pairs:
            one, other = rng.sample(pair, 2)
            first, second, again = (without_times(way.send(method, **sent)) for way in (one, other, one))
            assert second == again
            replies += [first, second]
        assert len({(reply.status, reply.body) for reply in replies}) == 1
        without_cache = replies[2:]
        assert without_cache[0] == without_cache[1]
        return replies[0]

    def check_keys(self, sent: bytes, means: Sequence[Values], *, is_query: bool = False) -> None:
        """Read instances both ways, and hold their keys against what they mean and against all that were met before."""
        read, quick = (
            (self._ordinary.from_query, self._quick.of_query)
            if is_query
            else (self._ordinary.from_body, self._quick.of_body)
        )
        keys = self._recipe.keys(read(sent).batch)
        if (found := quick(sent)) is not None:
            assert list(found.keys) == keys
        self.met(keys, means)

    def met(self, keys: Sequence[Key], means: Sequence[Values]) -> None:
        """Hold keys against every other: one key has one meaning, and one meaning one key."""
        for key, values in zip(keys, means, strict=True):
            assert self._values_of.setdefault(key, values) == values
            assert self._key_of.setdefault(values, key) == key

    def keys_of_file(self, reader: Any) -> dict[int, Key]:
        """Return the keys of the rows of a file that are accepted, by line."""
        return {
            int(line): key
            for chunk in reader
            if chunk.batch is not None
            for line, key in zip(chunk.lines, self._recipe.keys(chunk.batch), strict=True)
        }


def _hot_path(behind: Service) -> HotPath:
    return HotPath(behind.app, behind.predict, max_body=2**20, max_rows=MAX_ROWS, has_cache=_has_cache(behind))


def _has_cache(behind: Service) -> bool:
    return behind.predict.keeps


def without_times(reply: Reply) -> Reply:
    """Leave out what the model took, which differs from call to call."""
    return replace(reply, headers={name: value for name, value in reply.headers.items() if name != "server-timing"})


@pytest.fixture(scope="module", params=SIGNATURES.values(), ids=list(SIGNATURES))
def ways(request: pytest.FixtureRequest) -> Iterator[Ways]:
    signature: Signature = request.param
    with (
        service(wired_around(EchoPredictor(signature), cache="lru", max_rows=MAX_ROWS)) as keeping,
        service(wired_around(EchoPredictor(signature), cache="none", max_rows=MAX_ROWS)) as computing,
    ):
        yield Ways(signature, [keeping, computing])


def test_both_readers_answer_a_body_for_what_it_means(ways: Ways) -> None:
    rng = random.Random("bodies")
    for _ in range(DRAWN):
        drawn = body(rng, ways.signature, max_rows=MAX_ROWS)
        reply = ways.reply(rng, "POST", parts=[drawn.sent])

        assert (reply.status == 200) == (drawn.means is not None), (drawn, reply.body)
        if drawn.means is None:
            assert reply.status in (400, 413, 422), (drawn, reply.body)
            continue
        answers = [{"prediction": echo(values)} for values in drawn.means]
        assert reply.json() == ({"predictions": answers} if drawn.is_many else answers[0]), drawn
        ways.check_keys(drawn.sent, drawn.means)


def test_both_readers_answer_a_query_for_what_it_means(ways: Ways) -> None:
    if ways.signature.has_tensors:
        pytest.skip("a tensor has no place in a query")
    rng = random.Random("queries")
    for _ in range(DRAWN):
        drawn = query(rng, ways.signature)
        reply = ways.reply(rng, "GET", query=drawn.sent, headers={})

        assert reply.status == (422 if drawn.means is None else 200), (drawn, reply.body)
        if drawn.means is not None:
            assert reply.json() == {"prediction": echo(drawn.means)}, drawn
            ways.check_keys(drawn.sent, [drawn.means], is_query=True)


def test_lines_of_json_have_the_keys_of_the_same_bodies(ways: Ways) -> None:
    rng = random.Random("lines")
    drawn = [each for _ in range(8 * DRAWN) if (each := body(rng, ways.signature, max_rows=1)).is_line]
    first = json.dumps(dict.fromkeys((*ways.signature.names, *ways.signature.ignored))).encode()
    file = io.BytesIO(b"\n".join([first, *(each.sent for each in drawn)]))

    found = ways.keys_of_file(JsonlReader(file, name="in", signature=ways.signature))

    for line, each in enumerate(drawn, 2):
        assert (line in found) == (each.means is not None), each
        if each.means is not None:
            ways.met([found[line]], each.means)


def test_cells_have_the_keys_of_the_same_texts_in_queries(ways: Ways) -> None:
    if ways.signature.has_tensors:
        pytest.skip("a tensor has no place in a query")
    rng = random.Random("cells")
    drawn = [each for _ in range(8 * DRAWN) if _is_row((each := query(rng, ways.signature)).cells)]
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows([ways.signature.names, *(each.cells for each in drawn)])

    found = ways.keys_of_file(CsvReader(io.BytesIO(file.getvalue().encode()), name="in", signature=ways.signature))

    for line, each in enumerate(drawn, 2):
        assert (line in found) == (each.cells_mean is not None), each
        if each.cells_mean is not None:
            ways.met([found[line]], [each.cells_mean])


def _is_row(cells: Sequence[str]) -> bool:
    """Return whether cells make a line of CSV that is not blank, in which blanks around a number mean nothing."""
    return any(cells) and all(cell == cell.strip() and "\0" not in cell for cell in cells)
