"""KnownHits: what it cannot answer is handed on as it was read."""

from pathlib import Path
from typing import Final

from foreseen.entrypoints.http.requests.plain_request_reader import reader_of
from foreseen.entrypoints.http.service.known_hits import KnownHits
from foreseen.settings import Settings
from foreseen.wiring.service import wire_service
from support.fakes import FakePredictor

BODY: Final = b'{"length":5.1,"width":3.5}'


def test_what_was_read_of_a_miss_is_handed_on_once() -> None:
    predict = wire_service(Settings(model=Path("model.joblib")), FakePredictor()).predict
    hits = KnownHits(predict, max_body=1000, max_rows=10)
    reader = reader_of(predict.predictor.info.signature, predict.recipe, 10)
    read = reader.of_body(BODY)
    assert hits.of_body(BODY) is None

    handed_on = reader.of_body(bytes(bytearray(BODY)))
    again = reader.of_body(BODY)
    assert handed_on == again == read
    assert handed_on is not again


def test_another_body_than_the_one_handed_on_is_read() -> None:
    predict = wire_service(Settings(model=Path("model.joblib")), FakePredictor()).predict
    hits = KnownHits(predict, max_body=1000, max_rows=10)
    reader = reader_of(predict.predictor.info.signature, predict.recipe, 10)
    hits.of_body(BODY)

    other = reader.of_body(BODY.replace(b"5.1", b"6.1"))
    assert other is not None
    assert list(other.rows[0]) == [6.1, 3.5]
    assert reader.of_body(b"{") is None
