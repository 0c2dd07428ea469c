"""MLflow's protocol: the same instances, keys and limits as /predict, in its own forms."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from foreseen.domain.errors import ModelRestartingError
from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.http.service import application
from foreseen.entrypoints.http.service.application import create_service
from support.fakes import FLOWER, FakePredictor
from support.in_process_service import JSON, REQUEST_ID, Reply, Service, service, wired_around, wired_with
from support.models import iris_forest, mixed_pipeline, save
from support.own_models import Choosing

CSV = {"content-type": "text/csv"}
PATH = "/invocations"


@pytest.fixture
def sums() -> Iterator[Service]:
    """A service whose model adds up length and width."""
    with service(wired_around(FakePredictor(), max_rows=5)) as client:
        yield client


@pytest.fixture(scope="module")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A real forest with int labels."""
    with service(wired_with(save(iris_forest(), tmp_path_factory.mktemp("iris")))) as client:
        yield client


def invoke(client: Service, body: object, fields: Mapping[str, str] = JSON) -> Reply:
    """Send a body: text and bytes as they are, anything else as JSON."""
    sent = body.encode() if isinstance(body, str) else body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.send("POST", PATH, parts=[sent], headers=fields)


ROWS = [[1, 2], [3, 4]]
FORMS: dict[str, Any] = {
    "split": {"dataframe_split": {"columns": ["length", "width"], "data": ROWS}},
    "split in another order": {"dataframe_split": {"columns": ["width", "length"], "data": [[2, 1], [4, 3]]}},
    "split without columns": {"dataframe_split": {"data": ROWS}},
    "split with columns of null": {"dataframe_split": {"columns": None, "data": ROWS}},
    "split with an index": {"dataframe_split": {"index": [7, 7], "columns": ["length", "width"], "data": ROWS}},
    "records": {"dataframe_records": [{"length": 1, "width": 2}, {"width": 4, "length": 3}]},
    "instances of rows": {"instances": ROWS},
    "instances of objects": {"instances": [{"length": 1, "width": 2}, {"length": 3, "width": 4}]},
    "instances of both": {"instances": [[1, 2], {"length": 3, "width": 4}]},
    "inputs of rows": {"inputs": ROWS},
    "inputs of columns": {"inputs": {"width": [2, 4], "length": [1, 3]}},
    "empty params": {"inputs": ROWS, "params": {}},
    "null params": {"params": None, "instances": ROWS},
}
TABLES = {
    "a table": "length,width\n1,2\n3,4\n",
    "another order": "width,length\r\n2,1\r\n4,3",
    "quoted": '"width","length"\n"2","1"\n4,3\n',
    "other ways to write numbers": "length,width\n1.0,2e0\n+3,4.00\n",
    "a mark of the byte order": "\ufefflength,width\n1,2\n3,4\n",
    "blank lines": "length,width\n\n1,2\n\n3,4\n\n",
}


class TestForms:
    @pytest.mark.parametrize("body", FORMS.values(), ids=FORMS)
    def test_each_form_of_json_is_read(self, sums: Service, body: Any) -> None:
        reply = invoke(sums, body)

        assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
        assert reply.body == b'{"predictions":[3.0,7.0]}'

    @pytest.mark.parametrize("body", TABLES.values(), ids=TABLES)
    def test_each_form_of_csv_is_read(self, sums: Service, body: str) -> None:
        reply = invoke(sums, body, CSV)

        assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
        assert reply.body == b'{"predictions":[3.0,7.0]}'

    def test_one_instance_is_a_list_as_well(self, sums: Service) -> None:
        assert invoke(sums, {"instances": [[1, 2]]}).json() == {"predictions": [3.0]}

    @pytest.mark.parametrize(
        "given",
        [
            "application/json; charset=utf-8",
            "application/json;charset=UTF-8",
            "application/json; format=pandas-records",
            "application/vnd.mlflow+json",
        ],
    )
    def test_json_may_be_declared_with_parameters(self, sums: Service, given: str) -> None:
        assert invoke(sums, FORMS["split"], {"content-type": given}).status == 200

    @pytest.mark.parametrize("given", ["text/csv; charset=utf-8", "TEXT/CSV;charset=UTF8", "text/csv; header=present"])
    def test_csv_may_be_declared_with_parameters(self, sums: Service, given: str) -> None:
        assert invoke(sums, TABLES["a table"], {"content-type": given}).status == 200


class TestSameKeys:
    @pytest.mark.parametrize("body", [*FORMS.values(), *TABLES.values()], ids=[*FORMS, *TABLES])
    def test_what_predict_has_answered_is_a_hit_and_the_other_way_round(self, body: Any) -> None:
        predictor = FakePredictor()
        fields = CSV if isinstance(body, str) else JSON
        with service(wired_around(predictor)) as client:
            client.post({"instances": ROWS})
            assert invoke(client, body, fields).cache_status == "foreseen; hit; detail=L1"
        assert predictor.rows == 2

        with service(wired_around(predictor)) as client:
            assert invoke(client, body, fields).cache_status == "foreseen; fwd=miss; stored"
            assert client.post({"instances": ROWS}).cache_status == "foreseen; hit; detail=L1"
        assert predictor.rows == 4

    def test_a_hit_equals_a_miss(self, iris: Service) -> None:
        body = {"instances": [[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]]}
        miss, hit = invoke(iris, body), invoke(iris, body)

        assert miss.body == hit.body == b'{"predictions":[0,2]}'
        assert (miss.cache_status, hit.cache_status) == ("foreseen; fwd=miss; stored", "foreseen; hit; detail=L1")

    def test_predict_still_answers_with_texts(self, iris: Service) -> None:
        assert iris.post({"instances": [[5.1, 3.5, 1.4, 0.2]]}).json() == {"predictions": [{"prediction": "0"}]}


class TestAnswers:
    @pytest.mark.parametrize(
        ("labels", "body"),
        [
            ((0, 1, 2), b"0,1,2"),
            ((False, True), b"false,true,false"),
            ((0.5, 1.5, 2.0), b"0.5,1.5,2.0"),
            (("no", "yes", "0"), b'"no","yes","0"'),
            ((float("nan"), 1), b"null,1,null"),
        ],
        ids=["integers", "bools", "floats", "texts", "a missing one"],
    )
    def test_labels_have_their_own_types(self, tmp_path: Path, labels: tuple[Any, ...], body: bytes) -> None:
        with service(wired_with(save(Choosing(*labels), tmp_path))) as client:
            for _ in range(2):
                assert invoke(client, {"instances": [0, 1, 2]}).body == b'{"predictions":[%b]}' % body

    def test_several_outputs_are_an_object(self, tmp_path: Path) -> None:
        model = save(Choosing(4, 7), tmp_path)
        with service(wired_with(model, outputs=("predict", "predict_proba"))) as client:
            replies = [invoke(client, {"instances": [1]}).json() for _ in range(2)]

        assert replies == [{"predictions": [{"prediction": 7, "probabilities": {"4": 0.0, "7": 1.0}}]}] * 2

    def test_texts_and_missing_values_are_read_in_each_form(self, tmp_path: Path) -> None:
        with service(wired_with(save(mixed_pipeline(), tmp_path))) as client:
            replies = [
                invoke(client, {"instances": [["red", None, 1.0]]}),
                invoke(client, {"dataframe_records": [{"colour": "red", "height": 1.0}]}),
                invoke(client, {"dataframe_split": {"columns": ["height", "colour"], "data": [[1.0, "red"]]}}),
                invoke(client, {"inputs": {"height": [1.0], "colour": ["red"], "weight": [None]}}),
                invoke(client, 'height,colour,weight\n1.0,"red",\n', CSV),
                invoke(client, "height,colour,weight\n1.0,red,nan\n", CSV),
                invoke(client, "height,colour\n1.0,red\n", CSV),
            ]

        assert [reply.json() for reply in replies] == [{"predictions": ["light"]}] * len(replies)
        assert {reply.cache_status for reply in replies[1:]} == {"foreseen; hit; detail=L1"}

    @pytest.mark.parametrize("extra", ["ticket", "other"])
    def test_columns_that_are_ignored_are_accepted(self, extra: str) -> None:
        signature = Signature(FLOWER.features, ignored=("ticket",), extra_fields="ignore")
        with service(wired_around(FakePredictor(signature))) as client:
            replies = [
                invoke(client, {"dataframe_split": {"columns": ["width", extra, "length"], "data": [[2, "x", 1]]}}),
                invoke(client, {"dataframe_records": [{"width": 2, extra: None, "length": 1}]}),
                invoke(client, {"inputs": {"width": [2], extra: [[]], "length": [1]}}),
                invoke(client, f"width,{extra},length\n2,x,1\n", CSV),
            ]

        assert [reply.json() for reply in replies] == [{"predictions": [3.0]}] * len(replies)


IMAGE = Signature((Feature("image", shape=(2, 2)),))
TEXT = Signature((Feature("text", "string", missing=True),))
NUMBER = Signature((Feature("number"),))


class TestOneFeature:
    @pytest.mark.parametrize(
        "body",
        [
            {"instances": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]},
            {"inputs": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]},
            {"inputs": {"image": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]}},
            {"instances": [[[[1, 2], [3, 4]]], {"image": [[5, 6], [7, 8]]}]},
            {"dataframe_split": {"columns": ["image"], "data": [[[[1, 2], [3, 4]]], [[[5, 6], [7, 8]]]]}},
        ],
        ids=["instances", "inputs", "a column", "a row and an object", "a split"],
    )
    def test_an_instance_may_be_the_tensor_itself(self, body: Any) -> None:
        with service(wired_around(FakePredictor(IMAGE))) as client:
            assert invoke(client, body).json() == {"predictions": [10.0, 26.0]}

    def test_a_tensor_in_a_cell_is_a_json_list(self) -> None:
        with service(wired_around(FakePredictor(IMAGE))) as client:
            assert invoke(client, 'image\n"[[1,2],[3,4]]"\n', CSV).json() == {"predictions": [10.0]}

    @pytest.mark.parametrize("instance", [[1, 2], [[1, 2]], [[1, 2], [3]], [[[1]]], [], 5, "x"])
    def test_another_shape_is_rejected(self, instance: Any) -> None:
        with service(wired_around(FakePredictor(IMAGE))) as client:
            reply = invoke(client, {"instances": [instance]})

        assert (reply.status, reply.json()["error_code"]) == (422, "BAD_REQUEST")

    @pytest.mark.parametrize(
        "body", [{"instances": ["ab", None]}, {"inputs": [["ab"], {}]}, {"inputs": {"text": ["ab", None]}}]
    )
    def test_a_text_may_be_bare(self, body: Any) -> None:
        with service(wired_around(FakePredictor(TEXT))) as client:
            assert invoke(client, body).json() == {"predictions": [2.0, -1.0]}

    def test_an_empty_text_in_a_line_of_its_own_is_quoted(self) -> None:
        with service(wired_around(FakePredictor(TEXT))) as client:
            assert invoke(client, 'text\nab\n""\n', CSV).json() == {"predictions": [2.0, -1.0]}

    def test_a_number_may_be_bare(self) -> None:
        with service(wired_around(FakePredictor(NUMBER))) as client:
            assert invoke(client, {"instances": [1, [2], {"number": 3}]}).json() == {"predictions": [1.0, 2.0, 3.0]}


def test_numbered_columns_are_those_of_a_model_without_names() -> None:
    """A data frame of an array has the numbers of its columns as their names."""
    with service(wired_around(FakePredictor(Signature((Feature("x0"), Feature("x1")))))) as client:
        reply = invoke(client, {"dataframe_split": {"columns": [0, 1], "data": ROWS}})

    assert reply.json() == {"predictions": [3.0, 7.0]}


ONE_OF = 'expected an object with exactly one of "dataframe_split", "dataframe_records", "instances", "inputs", got '
WRONG_JSON: dict[str, tuple[Any, int, str]] = {
    "nothing": (b"", 400, "expected JSON, got nothing"),
    "no json": (b"length,width", 400, "expected JSON, got "),
    "a list": (ROWS, 422, ONE_OF + "a list"),
    "null": (None, 422, ONE_OF + "null"),
    "none of the forms": ({"length": 1, "width": 2}, 422, ONE_OF + "none of them"),
    "two forms": ({"instances": ROWS, "inputs": ROWS}, 422, ONE_OF + '"instances" and "inputs"'),
    "an unwrapped split": (
        {"columns": ["length", "width"], "data": ROWS},
        422,
        'expected {"dataframe_split": {"columns": […], "data": […]}}, got "columns" and "data" outside of it',
    ),
    "something beside": ({"inputs": ROWS, "more": 1}, 422, 'more: expected nothing beside "inputs", got 1'),
    "params": (
        {"inputs": ROWS, "params": {"a": 1}},
        422,
        'params: expected none, since the model takes none, got {"a": 1}',
    ),
    "no instances": ({"instances": []}, 422, "instances: expected a list of one instance or more, got an empty list"),
    "instances of an object": (
        {"instances": {}},
        422,
        "instances: expected a list of one instance or more, got an object",
    ),
    "a list of nothing": ({"instances": [[]]}, 422, "instances[0]: expected 2 values (length, width), got 0"),
    "null in a list": ({"inputs": [None]}, 422, "instances[0]: expected an object with length, width, got null"),
    "a wrong row length": ({"instances": [[1, 2], [3]]}, 422, "instances[1]: expected 2 values (length, width), got 1"),
    "an unknown field": (
        {"dataframe_records": [{"lenght": 1, "length": 1, "width": 2}]},
        422,
        "instances[0].lenght: expected no such feature, got 1; did you mean 'length'?",
    ),
    "a row among records": (
        {"dataframe_records": [{"length": 1, "width": 2}, [1, 2]]},
        422,
        "instances[1]: expected an object with length, width, got [1, 2]",
    ),
    "a wrong value": (
        {"dataframe_split": {"columns": ["width", "length"], "data": [[1, 2], ["wide", 2]]}},
        422,
        'instances[1].width: expected a number, got "wide"',
    ),
    "a split of a list": (
        {"dataframe_split": ROWS},
        422,
        'dataframe_split: expected an object with "columns" and "data", got a list',
    ),
    "a split without data": (
        {"dataframe_split": {"columns": ["length", "width"]}},
        422,
        "dataframe_split.data: expected a list of one instance or more, got nothing",
    ),
    "something else in a split": (
        {"dataframe_split": {"data": ROWS, "dtype": "float"}},
        422,
        "dataframe_split.dtype: expected columns, data, index, got another",
    ),
    "columns of a text": (
        {"dataframe_split": {"columns": "length", "data": ROWS}},
        422,
        "dataframe_split.columns: expected a list of names, got a string",
    ),
    "columns of numbers": (
        {"dataframe_split": {"columns": [0, 1], "data": ROWS}},
        422,
        "dataframe_split.columns: expected names of features, got 0",
    ),
    "an unknown column": (
        {"dataframe_split": {"columns": ["length", "widht"], "data": ROWS}},
        422,
        "widht: expected no such feature, got a column; did you mean 'width'?; and 1 more",
    ),
    "a column too few": (
        {"dataframe_split": {"columns": ["length"], "data": [[1]]}},
        422,
        "width: expected a column, got nothing",
    ),
    "a column twice": (
        {"dataframe_split": {"columns": ["length", "width", "length"], "data": [[1, 2, 3]]}},
        422,
        "length: expected one column, got 2",
    ),
    "rows of a wrong length": (
        {"dataframe_split": {"columns": ["width", "length"], "data": [[1, 2], [1, 2, 3], 4]}},
        422,
        "instances[1]: expected 2 values (width, length), got 3; and 1 more",
    ),
    "ragged columns": (
        {"inputs": {"length": [1, 2], "width": [1]}},
        422,
        "inputs: expected lists of the same length, got 2 (length) and 1 (width)",
    ),
    "a column that is no list": (
        {"inputs": {"length": 1, "width": 2}},
        422,
        "inputs.length: expected a list with a value of each instance, got 1",
    ),
    "columns without values": (
        {"inputs": {"length": [], "width": []}},
        422,
        "inputs: expected a list of one instance or more, got an empty list",
    ),
    "no columns": ({"inputs": {}}, 422, "length: expected a column, got nothing; and 1 more"),
}
CELLS = "expected cells whose quotation marks are around the whole cell, doubled within it and closed"
HEAD = "expected a first row with the names of the features (length, width), got "
WRONG_CSV: dict[str, tuple[Any, int, str]] = {
    "nothing": ("", 422, HEAD + "nothing"),
    "blank lines": ("\n\r\n", 422, HEAD + "nothing"),
    "no head": ("1,2\n3,4\n", 422, HEAD + "1,2"),
    "a head alone": (
        "length,width\n",
        422,
        "expected a row for each instance after the first, which has names, got none",
    ),
    "an unknown column": (
        "length,widht\n1,2\n",
        422,
        "widht: expected no such feature, got a column; did you mean 'width'?; and 1 more",
    ),
    "a column without a name, as that of an index": (
        ",length,width\n0,1,2\n",
        422,
        '"": expected no such feature, got a column',
    ),
    "a column twice": ("length,width,width\n1,2,3\n", 422, "width: expected one column, got 2"),
    "a column too few": ("length\n1\n", 422, "width: expected a column, got nothing"),
    "a row too short": ("length,width\n1,2\n3\n", 422, "instances[1]: expected 2 values (length, width), got 1"),
    "a row too long": ("length,width\n1,2,\n", 422, "instances[0]: expected 2 values (length, width), got 3"),
    "a wrong value": ("width,length\n1,2\nwide,4\n", 422, 'instances[1].width: expected a number, got "wide"'),
    "an empty cell": ("length,width\n1,\n", 422, "instances[0].width: expected a number, got nothing; if it may be"),
    "a mark in a cell": (
        'length,width\n1,2"\n',
        400,
        f"{CELLS}, got another in line 2",
    ),
    "an open mark": ('length,width\n1,"2\n', 400, f"{CELLS}, got another in line 2"),
    "another charset": (b"length,width\n1,\xff\n", 400, "expected text in UTF-8, got invalid start byte at byte 15"),
    "UTF-16": ("length,width\n1,2\n".encode("utf-16"), 400, "expected text in UTF-8, got invalid start byte at byte 0"),
}


class TestProblems:
    @pytest.mark.parametrize(("body", "status", "said"), WRONG_JSON.values(), ids=WRONG_JSON)
    def test_a_malformed_json_body_is_rejected(self, sums: Service, body: Any, status: int, said: str) -> None:
        require_problem(invoke(sums, body), status, said)

    @pytest.mark.parametrize(("body", "status", "said"), WRONG_CSV.values(), ids=WRONG_CSV)
    def test_a_malformed_csv_body_is_rejected(self, sums: Service, body: Any, status: int, said: str) -> None:
        require_problem(invoke(sums, body, CSV), status, said)

    @pytest.mark.parametrize(
        "given",
        ["", "text/plain", "text/csv; charset=latin-1", "application/json; charset=utf-16", "application/x-npy"],
    )
    def test_another_content_type_is_rejected_before_the_body_is_read(self, sums: Service, given: str) -> None:
        reply = sums.send("POST", PATH, parts=[b"x"] * 3, headers={"content-type": given})

        require_problem(reply, 415, f"expected Content-Type: application/json or text/csv, got {given or 'none'}")
        assert reply.sent_parts == 0

    def test_it_has_the_members_of_every_problem(self, sums: Service) -> None:
        assert invoke(sums, {"instances": [["wide", 2]]}).json() == {
            "error_code": "BAD_REQUEST",
            "message": 'instances[0].length: expected a number, got "wide"',
            "type": "urn:foreseen:problem:invalid-instances",
            "title": "The instances do not fit the model",
            "status": 422,
            "detail": 'instances[0].length: expected a number, got "wide"',
            "request_id": REQUEST_ID,
            "errors": [{"place": "instances[0].length", "expected": "a number", "got": '"wide"'}],
        }

    def test_a_model_that_is_restarting_says_when_to_retry(self) -> None:
        predictor = FakePredictor()
        predictor.error = ModelRestartingError("the model is being loaded again", 2.5)
        with service(wired_around(predictor)) as client:
            reply = invoke(client, FORMS["split"])

        assert (reply.status, reply.headers["retry-after"]) == (503, "3")
        assert reply.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"

    def test_a_model_that_fails_is_an_internal_error(self) -> None:
        predictor = FakePredictor()
        predictor.error = RuntimeError("no")
        with service(wired_around(predictor)) as client:
            reply = invoke(client, FORMS["split"])

        assert (reply.status, reply.json()["error_code"]) == (500, "INTERNAL_ERROR")

    def test_a_browser_gets_json_as_well(self, sums: Service) -> None:
        assert invoke(sums, {}, JSON | {"accept": "text/html"}).headers["content-type"] == "application/json"


class TestSameRules:
    @pytest.mark.parametrize(
        ("body", "fields"),
        [
            ({"instances": [[1, 2]] * 6}, JSON),
            ({"dataframe_split": {"data": [[1, 2]] * 6}}, JSON),
            ({"inputs": {"length": [1] * 6, "width": [2] * 6}}, JSON),
            ("length,width\n" + "1,2\n" * 6, CSV),
        ],
        ids=["instances", "split", "columns", "csv"],
    )
    def test_too_many_instances_are_rejected(self, sums: Service, body: Any, fields: Mapping[str, str]) -> None:
        require_problem(
            invoke(sums, body, fields), 413, "expected at most 5 instances in one request (max_rows), got more"
        )

    @pytest.mark.parametrize("fields", [JSON, CSV])
    def test_a_body_of_many_rows_is_rejected_while_it_arrives(self, sums: Service, fields: Mapping[str, str]) -> None:
        start, row = (b'{"instances":[', b"[1,2],") if fields == JSON else (b"length,width\n", b"1,2\n")
        reply = sums.send("POST", PATH, parts=[start, *[row * 100] * 50], headers=fields)

        assert (reply.status, reply.json()["type"]) == (413, "urn:foreseen:problem:too-many-instances")
        assert reply.sent_parts < 10

    @pytest.mark.parametrize("fields", [JSON, CSV])
    def test_a_large_body_is_rejected(self, fields: Mapping[str, str]) -> None:
        with service(wired_around(FakePredictor(), max_body=100)) as client:
            reply = invoke(client, b" " * 101, fields)

        require_problem(reply, 413, "expected a body of at most 100 bytes (max_body), got more")

    def test_directives_deadlines_and_codings_are_those_of_predict(self, sums: Service) -> None:
        assert invoke(sums, FORMS["split"], JSON | {"cache-control": "only-if-cached"}).status == 504
        assert invoke(sums, FORMS["split"], JSON | {"cache-control": "no-cache"}).cache_status.startswith(
            "foreseen; fwd=request"
        )
        assert invoke(sums, FORMS["split"], JSON | {"request-timeout": "soon"}).status == 400
        assert invoke(sums, FORMS["split"], JSON | {"content-encoding": "gzip"}).status == 415

    def test_errors_involve_no_cache(self, sums: Service) -> None:
        assert invoke(sums, {}).cache_status == "foreseen; fwd=bypass"
        assert sums.send("GET", PATH).cache_status == "foreseen; fwd=bypass"

    def test_other_methods_are_rejected_with_those_that_are_accepted(self, sums: Service) -> None:
        for method in ("GET", "PUT", "DELETE"):
            reply = sums.send(method, PATH)
            assert (reply.status, reply.headers["allow"]) == (405, "OPTIONS, POST")
        assert sums.send("OPTIONS", PATH).headers["allow"] == "OPTIONS, POST"

    def test_many_rows_let_other_requests_run(self) -> None:
        """Otherwise support.loop_guard fails this."""
        count = 5_000
        bodies = [
            (json.dumps({"inputs": {"length": [1] * count, "width": [*range(count)]}}).encode(), JSON),
            (("length,width\n" + "".join(f"1,{number}\n" for number in range(count))).encode(), CSV),
        ]
        with service(wired_around(FakePredictor(), max_rows=count)) as client:
            for body, fields in bodies:
                reply = client.send("POST", PATH, parts=[body], headers=fields)
                assert reply.json()["predictions"] == [1.0 + number for number in range(count)]


class TestProbes:
    @pytest.mark.parametrize("path", ["/ping", "/health"])
    def test_a_ready_model_is_a_short_text(self, sums: Service, path: str) -> None:
        reply, head = sums.get(path), sums.send("HEAD", path)

        assert (reply.status, reply.body) == (200, b"ready\n")
        assert (head.status, head.body) == (200, b"")
        assert reply.headers["content-type"] == head.headers["content-type"] == "text/plain; charset=utf-8"

    @pytest.mark.parametrize("path", ["/ping", "/health"])
    def test_a_model_that_cannot_predict_is_a_short_text(self, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(application, "unready", lambda *_: "the model is gone")
        with service(wired_around(FakePredictor())) as client:
            reply = client.get(path)

        assert (reply.status, reply.headers["content-type"]) == (503, "text/plain; charset=utf-8")
        assert reply.body == b"the model is gone\n"

    def test_the_version_is_a_text(self, sums: Service) -> None:
        reply = sums.get("/version")

        assert (reply.status, reply.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        assert reply.body.decode() == sums.get("/openapi.json").json()["info"]["version"]

    def test_only_the_probes_need_no_key(self) -> None:
        wiring = wired_around(FakePredictor(), api_keys=("0" * 64,))
        with service(wiring) as started:
            client = started.behind(create_service(wiring))
            found = {path: client.get(path).status for path in ("/ping", "/health", "/version")}
            body = invoke(client, FORMS["split"])

        assert found == {"/ping": 200, "/health": 200, "/version": 401}
        assert (body.status, body.headers["content-type"]) == (401, "application/json")


def require_problem(reply: Reply, status: int, said: str) -> None:
    """Assert that a reply is a problem in MLflow's form."""
    members = reply.json()
    assert (reply.status, members["status"]) == (status, status)
    assert members["detail"].startswith(said)
    assert members["message"] == members["detail"]
    assert reply.headers["content-type"] == "application/json"
    assert reply.cache_status == "foreseen; fwd=bypass"
