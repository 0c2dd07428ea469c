"""The table of calls: the same instance gets the same bytes, however it is requested."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from foreseen.settings import Settings
from support.fakes import FakePredictor
from support.in_process_service import Service, service, wired_around, wired_from
from support.models import IRIS_NAMES, iris_forest, iris_frame

FLOWERS = [[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5], [6.1, 2.8, 4.7, 1.2]]
PATH = "/predict"


def as_object(row: list[float]) -> dict[str, float]:
    return dict(zip(IRIS_NAMES, row, strict=True))


@pytest.fixture
def fake() -> FakePredictor:
    return FakePredictor()


@pytest.fixture
def sums(fake: FakePredictor) -> Iterator[Service]:
    """A service whose model adds up length and width."""
    with service(wired_around(fake)) as client:
        yield client


class TestShapes:
    def test_get_answers_one_instance(self, iris: Service) -> None:
        reply = iris.get(**as_object(FLOWERS[0]))

        assert (reply.status, reply.body) == (200, b'{"prediction":"0"}')
        assert reply.headers["content-type"] == "application/json"

    def test_post_of_one_object_answers_the_same(self, iris: Service) -> None:
        assert iris.post(as_object(FLOWERS[0])).body == b'{"prediction":"0"}'

    def test_post_of_objects_answers_in_order(self, iris: Service) -> None:
        reply = iris.post({"instances": [as_object(row) for row in FLOWERS]})

        assert reply.body == b'{"predictions":[{"prediction":"0"},{"prediction":"2"},{"prediction":"1"}]}'

    def test_post_of_rows_answers_in_order(self, iris: Service) -> None:
        reply = iris.post({"instances": FLOWERS[::-1]})

        assert reply.body == b'{"predictions":[{"prediction":"1"},{"prediction":"2"},{"prediction":"0"}]}'

    def test_objects_and_rows_may_be_mixed(self, iris: Service) -> None:
        reply = iris.post({"instances": [as_object(FLOWERS[1]), FLOWERS[0], as_object(FLOWERS[2])]})

        assert reply.body == b'{"predictions":[{"prediction":"2"},{"prediction":"0"},{"prediction":"1"}]}'

    def test_a_list_of_one_is_answered_by_a_list(self, iris: Service) -> None:
        assert iris.post({"instances": [FLOWERS[0]]}).body == b'{"predictions":[{"prediction":"0"}]}'

    def test_members_may_come_in_any_order(self, iris: Service) -> None:
        backwards = dict(reversed(as_object(FLOWERS[1]).items()))

        assert iris.post(backwards).json() == {"prediction": "2"}
        assert iris.get(**backwards).json() == {"prediction": "2"}

    def test_every_flower_is_answered_as_by_the_model_itself(self, iris: Service) -> None:
        frame, _ = iris_frame()

        reply = iris.post({"instances": frame.to_numpy().tolist()})

        said = [answer["prediction"] for answer in reply.json()["predictions"]]
        assert said == [str(label) for label in iris_forest().predict(frame)]

    def test_probabilities_are_named_by_class(self, iris_model: Path) -> None:
        settings = Settings(model=iris_model, model_isolation="thread", outputs=("predict", "predict_proba"))
        with service(wired_from(settings)) as client:
            answer = client.get(**as_object(FLOWERS[0])).json()

        assert answer == {"prediction": "0", "probabilities": {"0": 1.0, "1": 0.0, "2": 0.0}}

    def test_a_number_too_long_for_a_float_is_still_one(self, sums: Service) -> None:
        assert sums.post(b'{"length": 0.' + b"1" * 5000 + b', "width": 1}').json() == {"prediction": 1 + 1 / 9}

    def test_a_plus_json_media_type_is_json(self, sums: Service) -> None:
        headers = {"content-type": "application/vnd.flowers+json; charset=UTF-8"}

        assert sums.send("POST", parts=[b'{"length":1,"width":1}'], headers=headers).status == 200

    def test_the_last_of_a_repeated_name_in_an_object_counts(self, sums: Service) -> None:
        assert sums.post(b'{"length":1,"length":2,"width":0}').json() == {"prediction": 2.0}


class TestSameBytes:
    def test_a_hit_equals_the_miss_for_every_method(self, iris_model: Path) -> None:
        settings = Settings(model=iris_model, model_isolation="thread", outputs=("predict", "predict_proba"))
        with service(wired_from(settings)) as client:
            for row in FLOWERS:
                miss, hit = client.get(**as_object(row)), client.get(**as_object(row))
                posted = client.post(as_object(row))
                listed = client.post({"instances": [row]})

                assert miss.cache_status == "foreseen; fwd=miss; stored"
                assert hit.cache_status == posted.cache_status == listed.cache_status == "foreseen; hit; detail=L1"
                assert miss.body == hit.body == posted.body
                assert listed.body == b'{"predictions":[' + miss.body + b"]}"

    def test_text_and_json_of_a_number_are_one_instance(self, sums: Service, fake: FakePredictor) -> None:
        replies = [
            sums.send("GET", query=b"length=1&width=0.5"),
            sums.send("GET", query=b"length=1.0&width=%2B.5e0"),
            sums.post(b'{"length":1,"width":0.5}'),
            sums.post(b'{"width":5e-1,"length":1.0}'),
        ]

        assert {reply.body for reply in replies} == {b'{"prediction":1.5}'}
        assert fake.rows == 1

    def test_minus_zero_is_zero(self, sums: Service, fake: FakePredictor) -> None:
        assert sums.post(b'{"length":-0.0,"width":0}').body == sums.get(length="0", width="-0").body
        assert fake.rows == 1

    def test_an_instance_repeated_in_a_list_is_computed_once(self, sums: Service, fake: FakePredictor) -> None:
        reply = sums.post({"instances": [[1, 2], [3, 4], [1, 2]]})

        assert reply.json() == {"predictions": [{"prediction": 3.0}, {"prediction": 7.0}, {"prediction": 3.0}]}
        assert fake.rows == 2

    @pytest.mark.parametrize("answer", [math.nan, math.inf, -math.inf])
    def test_a_non_finite_answer_is_null_on_miss_and_hit(self, answer: float) -> None:
        class Boundless(FakePredictor):
            def predict(self, batch: Batch) -> Predictions:
                return Predictions({"prediction": [answer] * len(batch)})

        with service(wired_around(Boundless())) as client:
            miss, hit = client.get(length=1, width=1), client.get(length=1, width=1)

        assert miss.body == hit.body == b'{"prediction":null}'
        assert hit.cache_status == "foreseen; hit; detail=L1"


class TestCacheStatus:
    def test_nothing_is_stored_without_a_cache(self) -> None:
        with service(wired_around(FakePredictor(), cache="none")) as client:
            statuses = [client.get(length=1, width=1).cache_status for _ in range(2)]

        assert statuses == ["foreseen; fwd=bypass"] * 2

    def test_a_partly_known_list_counts_each_source(self, sums: Service) -> None:
        sums.get(length=1, width=1)

        reply = sums.post({"instances": [[1, 1], [2, 2], [3, 3]]})

        assert reply.cache_status == 'foreseen; fwd=partial; stored; detail="L1=1 model=2"'

    def test_a_list_is_a_miss_and_then_a_hit(self, sums: Service) -> None:
        statuses = [sums.post({"instances": [[1, 1], [2, 2]]}).cache_status for _ in range(2)]

        assert statuses == ["foreseen; fwd=miss; stored", "foreseen; hit; detail=L1"]

    @pytest.mark.parametrize("query", [b"", b"length=wide&width=1", b"length=%ff"])
    def test_an_error_bypassed_the_cache(self, sums: Service, query: bytes) -> None:
        assert sums.send("GET", query=query).cache_status == "foreseen; fwd=bypass"

    @pytest.mark.parametrize(("method", "status"), [("PUT", 405), ("DELETE", 405), ("POST", 400)])
    def test_an_error_of_the_protocol_did_so_too(self, sums: Service, method: str, status: int) -> None:
        reply = sums.send(method)

        assert (reply.status, reply.cache_status) == (status, "foreseen; fwd=bypass")

    def test_other_paths_have_none(self, sums: Service) -> None:
        assert "cache-status" not in sums.get("/livez").headers


class TestFailingModel:
    def test_a_model_that_raises_is_a_500_without_its_traceback(self, sums: Service, fake: FakePredictor) -> None:
        fake.error = ZeroDivisionError("secret of line 7")

        reply = sums.get(length=1, width=1)

        assert reply.status == 500
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.cache_status == "foreseen; fwd=bypass"
        assert b"secret" not in reply.body
        assert b"Traceback" not in reply.body

    def test_a_failure_is_not_remembered(self, sums: Service, fake: FakePredictor) -> None:
        fake.error = ZeroDivisionError()
        sums.get(length=1, width=1)
        fake.error = None

        assert sums.get(length=1, width=1).cache_status == "foreseen; fwd=miss; stored"
