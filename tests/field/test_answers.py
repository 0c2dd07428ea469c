"""What a model returns goes out as it is, alone or beside others, over HTTP or in files (A4, A6, A8, E8, E9)."""

import csv
import io
import json
import warnings
from collections.abc import Callable, Iterator
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from openapi_schema_validator import OAS31Validator
from scipy.sparse import csr_matrix
from sklearn.datasets import load_iris
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.errors import ModelUnavailableError
from foreseen.entrypoints.label_wording import classes_text
from support.command_in_process import run_here
from support.in_process_service import service, wired_with
from support.models import answers, save
from support.own_models import Answering, Colour, Telling

NOT_A_NUMBER = float("nan")

KINDS: dict[str, tuple[Any, Any]] = {
    "pairs of text and number": ([("book", 0.5), ("pen", 0.25)], [["book", 0.5], ["pen", 0.25]]),
    "one pair": ([("book", 0.5)], [["book", 0.5]]),
    "text beside a number": (["a", 1], ["a", 1]),
    "an integer": (7, 7),
    "a float": (0.5, 0.5),
    "a float that is whole": (7.0, 7.0),
    "a bool": (True, True),
    "2^53 + 1": (2**53 + 1, 2**53 + 1),
    "2^63": (2**63, 2**63),
    "more than 64 bits": (10**30, 10**30),
    "not a number": (NOT_A_NUMBER, None),
    "infinity in a list": ([float("inf"), 1], [None, 1]),
    "nothing": (None, None),
    "text": ("a, \"b\"\nc", "a, \"b\"\nc"),
    "text that is a number": ("1", "1"),
    "no text": ("", ""),
    "a float of numpy": (np.float32(0.1), 0.10000000149011612),
    "an integer of numpy": (np.uint64(2**64 - 1), 2**64 - 1),
    "an array": (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
    "a column": (pd.Series([1, None], dtype="Int64"), [1, None]),
    "a table": (pd.DataFrame({"p": [1], "q": ["x"]}), [{"p": 1, "q": "x"}]),
    "a date": (date(2024, 1, 2), "2024-01-02"),
    "an instant of numpy": (np.datetime64("2024-01-02T03:04:05.5", "ns"), "2024-01-02T03:04:05.500000"),
    "an instant of pandas": (pd.Timestamp("2024-01-02 03:04", tz="UTC"), "2024-01-02T03:04:00+00:00"),
    "no instant": (pd.NaT, None),
    "a duration": (pd.Timedelta("90s"), "PT90S"),
    "a decimal": (Decimal("1.50"), "1.50"),
    "a member": (Colour.RED, "red"),
    "an id": (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
    "bytes": (b"\xc3\x85l", "Ål"),
    "all of these in an object": (
        {"n": np.float32(0.5), "a": np.arange(2), "d": Decimal(1), "at": time(3, 4), "c": Colour.BLUE, 1: {2, 1}},
        {"n": 0.5, "a": [0, 1], "d": "1", "at": "03:04:00", "c": 3, "1": [1, 2]},
    ),
}  # fmt: skip
VALUES = [value for value, _ in KINDS.values()]
EXPECTED = [expected for _, expected in KINDS.values()]
ROWS = [[float(place)] for place in range(len(KINDS))]


def exactly(values: Any) -> str:
    """Return values so that 1, 1.0 and true differ."""
    return json.dumps(values, ensure_ascii=False)


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose answers are of every kind, by the place that a row names."""
    return save(Telling(VALUES), tmp_path_factory.mktemp("telling"))


def test_an_answer_is_the_same_alone_and_beside_any_other(telling: Path) -> None:
    predictor = load_predictor(telling, features=["a"], rows_per_call=0)

    assert exactly([one["prediction"] for one in answers(predictor, ROWS)]) == exactly(EXPECTED)
    for row, expected in zip(ROWS, EXPECTED, strict=True):
        assert exactly(answers(predictor, [row])) == exactly([{"prediction": expected}])


def test_an_answer_is_the_same_over_http_computed_or_cached(telling: Path) -> None:
    with service(wired_with(telling, features=("a",), rows_per_call=0, cache="lru")) as served:
        for row, expected in zip(ROWS, EXPECTED, strict=True):
            assert exactly(served.get(a=row[0]).json()) == exactly({"prediction": expected})
        whole = served.post({"instances": ROWS})

    assert whole.cache_status.count("hit") == 1
    assert exactly([one["prediction"] for one in whole.json()["predictions"]]) == exactly(EXPECTED)


def scored(model: Path, name: str, *options: str, rows: Any = ROWS, names: str = "a") -> bytes:
    """Score rows into a file of a format, and return it."""
    lines = [names, *(",".join(map(repr, row)) for row in rows)]
    (model.parent / "in.csv").write_text("\n".join(lines) + "\n")
    done = run_here("score", model, "in.csv", "-o", name, "--force", *options, cwd=model.parent)
    assert done.returncode == 0, done.stderr.decode()
    return (model.parent / name).read_bytes()


@pytest.mark.parametrize("cache", ["none", "lru"])
def test_an_answer_is_the_same_value_in_every_file(telling: Path, cache: str) -> None:
    options = ("--features", "a", "--rows-per-call", "0", "--cache", cache)
    # JSON has null for a number that is none; files of other formats keep it.
    cells = ["nan" if value is NOT_A_NUMBER else text_of(expected) for value, expected in KINDS.values()]

    table = list(csv.DictReader(io.StringIO(scored(telling, "out.csv", *options).decode(), newline="")))
    lines = scored(telling, "out.jsonl", *options).decode().splitlines()
    parquet = pq.read_table(io.BytesIO(scored(telling, "out.parquet", *options)))

    assert [row["prediction"] for row in table] == ["" if cell is None else cell for cell in cells]
    assert exactly([json.loads(line)["prediction"] for line in lines]) == exactly(EXPECTED)
    assert parquet.column("prediction").to_pylist() == cells


def text_of(value: Any) -> str | None:
    """Return an answer as a cell has it: text as it is, null as nothing, everything else as JSON."""
    is_text = value is None or isinstance(value, str)
    return value if is_text else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


AT = np.array(["2024-01-02", "NaT", "2024-01-02T03:04:05.123456789"], dtype="M8[ns]")
SHOWN = ["2024-01-02T00:00:00", None, "2024-01-02T03:04:05.123456789"]
INSTANTS = {
    "array": AT,
    "column": pd.Series(AT),
    "masked array": np.ma.array(AT, mask=[False, True, False]),
    "column of Arrow's": pd.Series(AT).astype("timestamp[ns][pyarrow]"),
}


@pytest.mark.parametrize("name", INSTANTS)
def test_instants_are_iso_8601_and_null_where_there_is_none(name: str, tmp_path: Path) -> None:
    predictor = load_predictor(save(Telling(INSTANTS[name]), tmp_path), features=["a"])

    assert [one["prediction"] for one in answers(predictor, [[0.0], [1.0], [2.0]])] == SHOWN


def test_labels_in_a_column_are_those_that_the_banner_names(tmp_path: Path) -> None:
    predictor = load_predictor(save(Telling(np.array([[0], [1], [2]]), classes_=[0, 1, 2]), tmp_path), features=["a"])

    assert classes_text(predictor.info.signature) == ": one of 0, 1, 2"
    assert answers(predictor, [[0.0], [2.0]]) == [{"prediction": "0"}, {"prediction": "2"}]


X, Y = load_iris(return_X_y=True)
SEVERAL = np.column_stack([Y > 0, X[:, 0] > 5.8, Y == 1]).astype(int)
BOTH = ("predict", "predict_proba")


def logistic() -> Any:
    """A classifier that converges in a moment."""
    return make_pipeline(StandardScaler(), LogisticRegression())


def strings(matrix: Any) -> list[list[str]]:
    """Return labels as answers have them."""
    return [list(map(str, row)) for row in np.asarray(matrix).tolist()]


def expected_of_a_chain(model: Any) -> list[Any]:
    """Return its labels, and the number that it returns for each output."""
    return [strings(model.predict(X).astype(int)), model.predict_proba(X).tolist()]


def expected_of_one_output(model: Any) -> list[Any]:
    """Return the labels of the one output, and its probabilities by label."""
    (shares,) = model.predict_proba(X)
    return [
        [row[0] for row in strings(model.predict(X))],
        [dict(zip("01", row, strict=True)) for row in shares.tolist()],
    ]


def expected_of_many_labels(model: Any) -> list[Any]:
    """Return whether each label holds, and the probability of each."""
    labels = model.predict(X)
    shares = [dict(zip("012", row, strict=True)) for row in model.predict_proba(X).tolist()]
    return [strings(labels.toarray() if hasattr(labels, "toarray") else labels), shares]


SEVERAL_AT_ONCE: dict[str, tuple[Callable[[], Any], Callable[[Any], list[Any]]]] = {
    "a chain": (lambda: ClassifierChain(logistic()).fit(X, SEVERAL), expected_of_a_chain),
    "one output of several": (
        lambda: MultiOutputClassifier(logistic()).fit(X, SEVERAL[:, :1]),
        expected_of_one_output,
    ),
    "one against the rest": (lambda: OneVsRestClassifier(logistic()).fit(X, SEVERAL), expected_of_many_labels),
    "a network": (lambda: MLPClassifier((4,), max_iter=9, random_state=0).fit(X, SEVERAL), expected_of_many_labels),
    "sparse labels": (
        lambda: OneVsRestClassifier(logistic()).fit(X, csr_matrix(SEVERAL)),
        expected_of_many_labels,
    ),
}


@pytest.fixture(params=SEVERAL_AT_ONCE)
def several(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, list[Any]]]:
    """A classifier that answers a row with several labels, and all its predictions and probabilities."""
    train, expected = SEVERAL_AT_ONCE[request.param]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some do not converge, and need not
        model = train()
        yield save(model, tmp_path), expected(model)


def test_several_labels_a_row_come_with_the_models_own_probabilities(several: tuple[Path, list[Any]]) -> None:
    path, (labels, shares) = several
    predictor = load_predictor(path, outputs=BOTH, rows_per_call=len(X))

    got = answers(predictor, X)

    assert [one["prediction"] for one in got] == labels
    assert exactly([one["probabilities"] for one in got]) == exactly(shares)


def test_several_labels_a_row_are_answered_over_http_as_documented(several: tuple[Path, list[Any]]) -> None:
    path, (labels, _) = several
    with service(wired_with(path, outputs=BOTH)) as served:
        reply = served.post({"instances": X[:2].tolist()})
        schema = served.get("/openapi.json").json()["components"]["schemas"]["Prediction"]

    assert reply.status == 200, reply.body
    got = reply.json()["predictions"]
    assert [one["prediction"] for one in got] == labels[:2]
    for one in got:
        OAS31Validator(schema).validate(one)


def test_several_labels_a_row_are_lists_in_parquet(tmp_path: Path) -> None:
    model = OneVsRestClassifier(logistic()).fit(X, SEVERAL)
    names = ",".join(f"x{place}" for place in range(4))

    data = scored(save(model, tmp_path), "out.parquet", "--outputs", ",".join(BOTH), rows=X[:3].tolist(), names=names)

    rows = pq.read_table(io.BytesIO(data)).to_pylist()
    assert [row["prediction"] for row in rows] == strings(model.predict(X[:3]))
    assert [row["probability_1"] for row in rows] == pytest.approx(model.predict_proba(X[:3])[:, 1])


def test_a_multilabel_classifier_is_described_as_any_of_them(tmp_path: Path) -> None:
    predictor = load_predictor(save(OneVsRestClassifier(logistic()).fit(X, SEVERAL), tmp_path))

    assert classes_text(predictor.info.signature) == ": any of 0, 1, 2"


def test_outliers_are_the_numbers_that_the_model_returns(tmp_path: Path) -> None:
    model = IsolationForest(n_estimators=5, random_state=0).fit(X)
    predictor = load_predictor(save(model, tmp_path), rows_per_call=len(X))

    assert exactly([one["prediction"] for one in answers(predictor, X)]) == exactly(model.predict(X).tolist())


@pytest.mark.parametrize("answer", [[1j], [object], 0.5, None], ids=["complex", "a class", "one number", "None"])
def test_a_model_with_unsendable_answers_is_rejected_at_startup(answer: Any, tmp_path: Path) -> None:
    path = save(Answering(answer), tmp_path)

    done = run_here("inspect", path, "--features", "a")

    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith(f"foreseen: {path}: expected ")
    with pytest.raises(ModelUnavailableError):
        load_predictor(path, features=["a"])


def test_a_model_with_too_few_probabilities_is_rejected_at_startup(tmp_path: Path) -> None:
    path = save(Telling([0.25, 0.75], classes_=["no", "yes"]), tmp_path)

    with pytest.raises(ModelUnavailableError, match="one probability from predict_proba for each of 2 classes, got 1"):
        load_predictor(path, features=["a"], outputs=BOTH)
