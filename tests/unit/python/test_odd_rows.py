"""What notebooks hold beside tidy frames: other indexes, doubled columns, queries, masks, models in place of files."""

import copy
import multiprocessing
import os
import pickle
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as datasets
import pytest

import foreseen
from foreseen.adapters.tabular.frames.plain_rows import Matrix
from foreseen.domain.errors import ModelUnavailableError, TableError
from foreseen.domain.values.signature import Feature, Signature
from foreseen.entrypoints.python.collected_predictions import Collected
from foreseen.settings import SettingsError
from support.models import IRIS_NAMES, iris_frame


@pytest.fixture(scope="module")
def model(flower_model: Path) -> Iterator[foreseen.Model]:
    with foreseen.load(flower_model, cache="none") as loaded:
        yield loaded


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return iris_frame()[0].iloc[::25]


def test_indexes_of_every_kind_are_kept(model: foreseen.Model, frame: pd.DataFrame) -> None:
    count = len(frame)
    right = model.predict(frame).tolist()
    for index in (
        pd.MultiIndex.from_product([["a"], range(count)], names=["shop", "day"]),
        pd.date_range("2026-01-01", periods=count, tz="Europe/Berlin"),
        pd.CategoricalIndex(["a", "b"] * (count // 2)),
        pd.Index([3, 3, 1, 1, 2, 2]),
    ):
        given = frame.set_axis(index)

        assert model.score(given).index.equals(index)
        assert model.predict(given).index.equals(index)
        assert model.score(given)["prediction"].tolist() == right


def test_columns_beside_the_features_keep_their_types(model: foreseen.Model, frame: pd.DataFrame) -> None:
    count = len(frame)
    beside = pd.DataFrame(
        {
            "category": pd.Categorical(["a", "b"] * (count // 2)),
            "Int64": pd.array([1, None] * (count // 2), dtype="Int64"),
            "boolean": pd.array([True, None] * (count // 2), dtype="boolean"),
            "with time zone": pd.date_range("2026-01-01", periods=count, tz="Asia/Tokyo"),
            "objects": [{}, [], object(), None, "a", 1],
            "intervals": pd.interval_range(0, count),
            "complex": np.arange(count) * 1j,
            7: range(count),
        },
        index=frame.index,
    )

    scored = model.score(frame.join(beside))

    pd.testing.assert_frame_equal(scored[beside.columns], beside)


def test_columns_of_one_name_that_are_no_features_are_kept(model: foreseen.Model, frame: pd.DataFrame) -> None:
    other = pd.DataFrame({"a": range(6), "b": "x"}, index=frame.index).set_axis(["note", "note"], axis=1)
    given = pd.concat([frame, other], axis=1)

    assert model.predict(given).equals(model.predict(frame))
    pd.testing.assert_frame_equal(model.score(given, keep=["note"]).iloc[:, :2], other)
    table = pa.Table.from_arrays([*pa.Table.from_pandas(frame).columns[:4], [1] * 6, [2] * 6], [*IRIS_NAMES, "n", "n"])
    assert model.score(table).column_names == [*IRIS_NAMES, "n", "n", "prediction"]
    with pytest.raises(TableError, match="expected each column once, got 'sepal_width' twice"):
        model.predict(pd.concat([frame, frame[["sepal_width"]]], axis=1))


def test_names_to_keep_may_be_a_text_or_an_index(model: foreseen.Model, frame: pd.DataFrame) -> None:
    for keep in ("sepal_width, petal_width", pd.Index(["sepal_width", "petal_width"])):
        assert model.score(frame, keep=keep).columns.tolist() == ["sepal_width", "petal_width", "prediction"]
    with pytest.raises(TableError, match=r"^keep: expected columns of the input"):
        model.score(frame, keep=["sepal_widht"])
    with pytest.raises(TableError, match="; prediction_column gives it another name, keep leaves columns out"):
        model.score(frame.assign(prediction=1))


def test_masked_values_of_an_array_are_missing(model: foreseen.Model, frame: pd.DataFrame) -> None:
    values = frame.to_numpy()
    is_small = values < 0.3

    answers = model.predict(np.ma.masked_array(values, mask=is_small), on_error="reject")

    assert pd.isna(answers).tolist() == is_small.any(axis=1).tolist()
    assert 0 < is_small.any(axis=1).sum() < len(values)


@pytest.mark.parametrize("kind", ["datetime64[ns]", "datetime64[D]", "<U4", "f4", "i8", "bool", object])
def test_a_masked_column_has_the_type_of_its_array(kind: Any) -> None:
    values = np.array([["2026"], ["1999"]]).astype("i8" if kind == "bool" else "<U4").astype(kind)
    features = Signature((Feature("a"),))

    masked = Matrix(np.ma.masked_array(values, mask=[[False], [True]]), features).table(["a"]).column(0)

    assert masked.type == Matrix(values, features).table(["a"]).column(0).type
    assert masked.is_valid().to_pylist() == [True, False]


def test_nan_is_missing_beside_what_is_masked() -> None:
    for given in ([1.0, np.nan, 3.0], np.array(["2026", "NaT", "1999"], "datetime64[s]")):
        values = np.ma.masked_array(np.reshape(given, (3, 1)), mask=[[False], [False], [True]])

        column = Matrix(values, Signature((Feature("a"),))).table(["a"]).column(0)

        assert column.is_valid().to_pylist() == [True, False, False]


def _rows() -> dict[str, Any]:
    frame = iris_frame()[0].iloc[:2]
    return {
        "a query": pl.from_pandas(frame).lazy(),
        "a data set": datasets.dataset(pa.Table.from_pandas(frame)),
        "an array": frame.to_numpy(),
        "dicts": frame.to_dict("records"),
        "columns": frame.to_dict("list"),
        "a generator": (row for row in frame.to_dict("records")),
        "groups": frame.groupby("sepal_width"),
        "nothing": None,
    }


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("a query", "got LazyFrame of polars; .collect() makes one of it"),
        ("a data set", "got InMemoryDataset of pyarrow; .to_table() makes one of it"),
        ("an array", "got ndarray; pandas.DataFrame(…) makes a frame of it, and model.predict predicts it as it is"),
        ("dicts", "got list; pandas.DataFrame(…) makes a frame of it, and model.predict predicts it as it is"),
        ("columns", "got dict; a list of it holds one row, pandas.DataFrame(…) makes a frame of columns"),
        ("a generator", "got generator; list(…) makes a list of it"),
        ("groups", "got DataFrameGroupBy of pandas"),
        ("nothing", "got NoneType"),
    ],
)
def test_a_value_that_is_no_frame_is_named_with_advice(model: foreseen.Model, kind: str, said: str) -> None:
    with pytest.raises(TableError) as caught:
        foreseen.score(_rows()[kind], model)

    assert str(caught.value) == f"expected a DataFrame of pandas or polars, or an Arrow table, {said}"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.zeros(4), "got 4; array.reshape(1, -1) is one row"),
        (iris_frame()[0].to_records(index=False), "got 150; pandas.DataFrame(array) makes a frame of its fields"),
        ([np.zeros(4)], "got ndarray; numpy.array(…) makes an array of rows"),
        ([pd.Series([1.0] * 4)], "got Series; pandas.DataFrame(…) makes a frame of rows"),
        (pd.DataFrame(), "expected a column 'sepal_length', got no column"),
    ],
    ids=["one row", "records", "arrays", "Series", "no columns"],
)
def test_rows_of_another_shape_are_named_with_what_to_do(model: foreseen.Model, given: Any, said: str) -> None:
    with pytest.raises(TableError) as caught:
        model.predict(given)

    assert str(caught.value).endswith(said)


@pytest.mark.parametrize(
    "given", [np.zeros(1), b"m.joblib", None, pd.DataFrame()], ids=lambda each: type(each).__name__
)
def test_a_model_file_is_named_by_text(given: Any) -> None:
    said = f"model: expected the name of a model file as text, got {type(given).__name__}"

    for call in (lambda: foreseen.load(given), lambda: foreseen.score("in.csv", given)):
        with pytest.raises(SettingsError, match=said):
            call()


def test_a_model_in_memory_has_to_be_saved(frame: pd.DataFrame) -> None:
    class Estimator:
        def fit(self) -> None: ...

    with pytest.raises(SettingsError, match=r"got Estimator; joblib\.dump\(model, 'model\.joblib'\) writes a file"):
        foreseen.score(frame, Estimator())  # type: ignore[arg-type]


def test_numbers_of_numpy_are_settings(flower_model: Path) -> None:
    with foreseen.load(flower_model, ttl=np.array(60), lru_max_entries=np.int32(9)) as model:  # type: ignore[arg-type]
        assert model.info.output_names == ("predict",)


def test_a_model_that_was_interrupted_can_be_used_again(
    model: foreseen.Model, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> bytes:
        os.kill(os.getpid(), signal.SIGINT)
        return b""

    with monkeypatch.context() as patched:
        patched.setattr(Collected, "encode", interrupted)
        with pytest.raises(KeyboardInterrupt):
            model.score(frame)

    assert model.score(frame)["prediction"].notna().all()


def test_a_loaded_model_is_not_copied_nor_pickled(model: foreseen.Model) -> None:
    for call in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"cannot be pickled or copied; foreseen\.load\('.*model\.joblib'\)"):
            call(model)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_is_rejected_without_hanging(model: foreseen.Model, frame: pd.DataFrame) -> None:
    heard, said = multiprocessing.Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        try:
            model.predict(frame)
        except ModelUnavailableError as exc:
            said.send(str(exc))
            model.close()
        finally:
            os._exit(0)
    said.close()

    assert heard.recv().endswith(
        "expected the process that loaded the model, got a fork of it; foreseen.load loads the model there"
    )
    assert os.waitpid(child, 0)[1] == 0
    assert len(model.predict(frame)) == len(frame)
