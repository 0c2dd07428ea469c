"""Frames, arrays and lists from Python code: the answers of the command, in the kind of thing that was given."""

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import foreseen
from foreseen.domain.errors import ForeseenError, ModelUnavailableError, TableError
from foreseen.settings import SettingsError
from support.command_in_process import run_here
from support.models import iris_forest, iris_frame, mixed_pipeline, save

BOTH = ("predict", "predict_proba")
ROWS = 60


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(iris_forest(), tmp_path_factory.mktemp("frames"))


@pytest.fixture(scope="module")
def iris(model: Path) -> Iterator[foreseen.Model]:
    with foreseen.load(model, cache="none") as loaded:
        yield loaded


@pytest.fixture(scope="module")
def both(model: Path) -> Iterator[foreseen.Model]:
    with foreseen.load(model, outputs=BOTH) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def mixed_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(mixed_pipeline(), tmp_path_factory.mktemp("mixed"))


@pytest.fixture(scope="module")
def mixed(mixed_model: Path) -> Iterator[foreseen.Model]:
    """Colours, weights that may be missing, heights."""
    with foreseen.load(mixed_model, cache="none") as loaded:
        yield loaded


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    flowers, _ = iris_frame()
    return flowers.iloc[:: 150 // ROWS].iloc[:ROWS]


@pytest.fixture(scope="module")
def right(frame: pd.DataFrame) -> list[str]:
    """What the model itself answers."""
    return [str(label) for label in iris_forest().predict(frame)]


class TestPredict:
    def test_a_pandas_frame_gives_a_series_with_its_index(
        self, iris: foreseen.Model, frame: pd.DataFrame, right: list[str]
    ) -> None:
        shuffled = frame.sample(frac=1, random_state=0)

        answers = iris.predict(shuffled)

        assert isinstance(answers, pd.Series)
        assert answers.name == "prediction"
        assert answers.index.equals(shuffled.index)
        assert answers.loc[frame.index].tolist() == right

    def test_an_index_that_repeats_is_kept(self, iris: foreseen.Model, frame: pd.DataFrame) -> None:
        repeated = frame.set_axis([7] * len(frame))

        assert iris.predict(repeated).index.tolist() == [7] * len(frame)
        assert iris.score(repeated).index.tolist() == [7] * len(frame)

    def test_columns_come_in_any_order_among_others(
        self, iris: foreseen.Model, frame: pd.DataFrame, right: list[str]
    ) -> None:
        other = frame[frame.columns[::-1]].assign(note=[object()] * len(frame))

        assert iris.predict(other).tolist() == right

    def test_a_polars_frame_gives_a_series_of_polars(
        self, iris: foreseen.Model, frame: pd.DataFrame, right: list[str]
    ) -> None:
        answers = iris.predict(pl.from_pandas(frame))

        assert isinstance(answers, pl.Series)
        assert (answers.name, answers.to_list()) == ("prediction", right)

    def test_an_arrow_table_gives_an_arrow_table(
        self, iris: foreseen.Model, frame: pd.DataFrame, right: list[str]
    ) -> None:
        table = pa.Table.from_pandas(frame, preserve_index=False)

        for given in (table, table.to_batches()[0]):
            assert iris.predict(given).to_pydict() == {"prediction": right}

    def test_an_array_gives_an_array(self, iris: foreseen.Model, frame: pd.DataFrame, right: list[str]) -> None:
        for given in (frame.to_numpy(), np.asfortranarray(frame.to_numpy()), frame.to_numpy(dtype=object)):
            answers = iris.predict(given)

            assert isinstance(answers, np.ndarray)
            assert answers.tolist() == right

    def test_a_list_of_dicts_or_of_lists_gives_a_list(
        self, iris: foreseen.Model, frame: pd.DataFrame, right: list[str]
    ) -> None:
        assert iris.predict(frame.to_dict("records")) == right
        assert iris.predict(frame.to_numpy().tolist()) == right

    def test_several_outputs_give_several_columns(self, both: foreseen.Model, frame: pd.DataFrame) -> None:
        names = ["prediction", "probability_0", "probability_1", "probability_2"]
        truth = iris_forest().predict_proba(frame)

        as_frame = both.predict(frame)
        assert as_frame.columns.tolist() == names
        assert as_frame[names[1:]].to_numpy().tolist() == truth.tolist()
        assert both.predict(pl.from_pandas(frame)).columns == names
        assert list(both.predict(frame.to_numpy())) == names
        assert both.predict(frame.to_dict("records"))[0] == {
            "prediction": as_frame.prediction.iloc[0],
            "probabilities": dict(zip("012", truth[0].tolist(), strict=True)),
        }

    @pytest.mark.parametrize("empty", ["pandas", "polars", "array", "list"])
    def test_no_rows_give_no_answers(self, iris: foreseen.Model, frame: pd.DataFrame, empty: str) -> None:
        given: dict[str, Any] = {
            "pandas": frame.iloc[:0],
            "polars": pl.from_pandas(frame.iloc[:0]),
            "array": frame.to_numpy()[:0],
            "list": [],
        }

        assert len(iris.predict(given[empty])) == 0

    def test_more_rows_than_a_chunk_holds_come_in_order(self, iris: foreseen.Model, frame: pd.DataFrame) -> None:
        many = pd.concat([frame] * 900, ignore_index=True)

        answers = iris.predict(many)

        assert len(answers) == len(many)
        assert (answers.to_numpy().reshape(900, -1) == iris.predict(frame).to_numpy()).all()


class TestValues:
    def test_they_are_read_as_in_a_parquet_file(self, mixed: foreseen.Model, mixed_model: Path, tmp_path: Path) -> None:
        frame = pd.DataFrame(
            {
                "colour": pd.Series(["red", "blue", "green"], dtype="category"),
                "weight": pd.array([1, None, 3], dtype="Int64"),
                "height": np.array([1, 2, 3], dtype="uint8"),
            }
        )
        frame.to_parquet(tmp_path / "in.parquet")
        done = run_here("score", mixed_model, tmp_path / "in.parquet", "-o", tmp_path / "out.parquet")

        assert (done.returncode, done.stderr) == (0, b"")
        assert mixed.predict(frame).tolist() == pd.read_parquet(tmp_path / "out.parquet").prediction.tolist()

    @pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA, pd.NaT], ids=str)
    def test_missing_values_of_pandas_are_missing(self, mixed: foreseen.Model, nothing: Any) -> None:
        column = pd.Series([nothing, 2.0, Decimal(3)], dtype=object)
        frame = pd.DataFrame({"colour": "red", "weight": column, "height": 1.0})

        assert mixed.predict(frame).tolist() == mixed.predict(frame.assign(weight=[np.nan, 2.0, 3.0])).tolist()
        assert mixed.predict([{"colour": "red", "weight": nothing, "height": 1.0}]) == mixed.predict(
            [{"colour": "red", "height": 1.0}]
        )

    def test_objects_of_several_kinds_are_read_value_by_value(self, mixed: foreseen.Model) -> None:
        frame = pd.DataFrame({"colour": "red", "weight": [1, 2.5, np.int8(3), "wide"], "height": 1.0})

        with pytest.raises(
            foreseen.RejectedRowsError, match=r"row 3, column 'weight': expected a number, got \"wide\""
        ):
            mixed.predict(frame.astype({"weight": object}))

    def test_polars_columns_of_every_width_and_category_are_read(self, mixed: foreseen.Model) -> None:
        frame = pl.DataFrame(
            {
                "colour": pl.Series(["red", "blue"], dtype=pl.Categorical),
                "weight": pl.Series([1, None], dtype=pl.Int8),
                "height": pl.Series([1, 2], dtype=pl.UInt64),
            }
        )

        assert mixed.predict(frame).to_list() == mixed.predict(frame.to_dicts())


class TestScore:
    def test_predictions_stand_beside_the_columns_of_the_frame(
        self, both: foreseen.Model, frame: pd.DataFrame, right: list[str]
    ) -> None:
        given = frame.assign(when=pd.Timestamp("2026-01-02"), what=[{"any": "thing"}] * len(frame))

        scored = both.score(given)

        pd.testing.assert_frame_equal(scored[given.columns], given)
        assert scored.columns[6:].tolist() == ["prediction", "probability_0", "probability_1", "probability_2"]
        assert scored.prediction.tolist() == right

    def test_polars_and_arrow_come_back_as_they_were_given(
        self, iris: foreseen.Model, frame: pd.DataFrame, right: list[str]
    ) -> None:
        as_polars = pl.from_pandas(frame)
        as_arrow = pa.Table.from_pandas(frame, preserve_index=False)

        assert iris.score(as_polars).equals(as_polars.with_columns(prediction=pl.Series(right)))
        assert iris.score(as_arrow).equals(as_arrow.append_column("prediction", pa.array(right)))

    def test_kept_columns_and_the_prediction_name_are_chosen(self, iris: foreseen.Model, frame: pd.DataFrame) -> None:
        for given in (frame, pl.from_pandas(frame)):
            scored = iris.score(given, keep=["sepal_width"], prediction_column="kind")

            assert list(scored.columns) == ["sepal_width", "kind"]

    def test_the_answers_are_the_bits_of_the_command(
        self, both: foreseen.Model, model: Path, frame: pd.DataFrame, tmp_path: Path
    ) -> None:
        frame.to_csv(tmp_path / "in.csv", index=False)
        options = ("--outputs", ",".join(BOTH), "-o", tmp_path / "out.csv")
        assert run_here("score", model, tmp_path / "in.csv", *options).returncode == 0

        text = both.score(frame.reset_index(drop=True)).to_csv(index=False)

        written = pd.read_csv(tmp_path / "out.csv", dtype=str)
        assert pd.read_csv(io.StringIO(text), dtype=str).iloc[:, 4:].equals(written.iloc[:, 4:])

    def test_a_file_name_loads_the_model_for_one_call(self, model: Path, frame: pd.DataFrame, right: list[str]) -> None:
        assert foreseen.score(frame, model, cache="none").prediction.tolist() == right


class TestRowsThatCannotBeScored:
    FRAME = pd.DataFrame({"colour": ["red", "blue", None, "red"], "weight": 1.0, "height": [1.0, np.inf, 2.0, 3.0]})

    def test_they_are_an_error_that_names_the_first(self, mixed: foreseen.Model) -> None:
        with pytest.raises(foreseen.RejectedRowsError) as caught:
            mixed.predict(self.FRAME)

        assert str(caught.value).startswith(
            "frame: row 1, column 'height': expected a finite float64 number, got Infinity"
        )
        assert str(caught.value).endswith("(and 1 more so far); on_error='reject' leaves their predictions missing")
        assert [(one.row, one.column) for one in caught.value.rejects] == [(1, "height"), (2, "")]
        assert isinstance(caught.value, ForeseenError)

    def test_they_may_have_no_prediction_and_a_reason(self, mixed: foreseen.Model) -> None:
        scored = mixed.score(self.FRAME, on_error="reject")

        assert scored.prediction.isna().tolist() == [False, True, True, False]
        assert scored.prediction_error.isna().tolist() == [True, False, False, True]
        assert scored.prediction_error[1].startswith("height: expected a finite float64 number")
        assert scored.prediction[0] == mixed.predict(self.FRAME.iloc[:1]).iloc[0]

    def test_lists_have_none_in_their_place(self, mixed: foreseen.Model) -> None:
        rows = self.FRAME.to_dict("records")

        answers = mixed.predict(rows, on_error="reject")

        assert [answer is None for answer in answers] == [False, True, True, False]

    def test_polars_and_arrays_have_them_missing(self, mixed: foreseen.Model) -> None:
        answers = mixed.predict(pl.from_pandas(self.FRAME), on_error="reject")
        array = mixed.predict(self.FRAME.to_numpy(), on_error="reject")

        assert answers.is_null().to_list() == [False, True, True, False]
        assert [value is None for value in array.tolist()] == [False, True, True, False]

    def test_a_frame_of_nothing_else_has_no_predictions_at_all(self, mixed: foreseen.Model) -> None:
        assert mixed.predict(self.FRAME.iloc[1:3], on_error="reject").isna().all()

    def test_a_row_that_the_model_rejects_is_listed(self, mixed: foreseen.Model) -> None:
        frame = pd.DataFrame({"colour": ["red", "pink"], "weight": 1.0, "height": 1.0})

        assert mixed.predict(frame, on_error="reject").isna().tolist() == [False, True]


class TestRejectedFrames:
    @pytest.mark.parametrize(
        ("given", "said"),
        [
            (
                {"a": 1},
                "an Arrow table, an array of rows, or a list of dicts, got dict; a list of it holds one row",
            ),
            ("in.csv", "got str; foreseen.score reads files"),
            (pd.Series([1.0]), "got Series; frame"),
            (pl.LazyFrame({"a": [1]}), "got LazyFrame of polars; .collect() makes one of it"),
            (np.zeros(4), "array: expected n x 4 values (sepal_length, sepal_width, petal_length, petal_width), got 4"),
            (np.zeros((2, 3)), "array: expected n x 4 values"),
            ([[1, 2, 3]], "instances[0]: expected a dict, or 4 values (sepal_length"),
            (
                [{"sepal_lenght": 1}],
                "instances[0].sepal_lenght: expected no such feature; did you mean 'sepal_length'?",
            ),
            (pd.DataFrame({"sepal_length": [1]}), "frame: expected a column 'sepal_width', got sepal_length"),
            (3, "got int"),
        ],
        ids=lambda value: type(value).__name__ if not isinstance(value, str) else None,
    )
    def test_a_value_without_rows_is_named_in_one_line(self, iris: foreseen.Model, given: Any, said: str) -> None:
        with pytest.raises(TableError) as caught:
            iris.predict(given)

        assert said in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_a_column_of_another_type_is_named_before_any_row(self, iris: foreseen.Model, frame: pd.DataFrame) -> None:
        with pytest.raises(TableError, match="frame: expected column 'sepal_width' to hold numbers"):
            iris.predict(frame.assign(sepal_width=pd.Timestamp("2026-01-01")))

    def test_a_frame_with_a_prediction_already_is_rejected(self, iris: foreseen.Model, frame: pd.DataFrame) -> None:
        with pytest.raises(TableError, match="expected an input without a column 'prediction'"):
            iris.score(frame.assign(prediction=1))
        with pytest.raises(TableError, match="expected an input without a column 'prediction_error'"):
            iris.score(frame.assign(prediction_error=1), on_error="reject")

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"redis_lookups": "never"}, "redis_lookups: expected 'adaptive' or 'always', got 'never'"),
            ({"cahce": "lru"}, "cahce: expected a known setting; did you mean 'cache'?"),
            ({"port": 8000}, "port: expected a known setting; those of a model and its caches are name, features"),
            ({"ttl": "soon"}, "ttl: expected a duration such as 250ms, 30s, 5m, 1h or 2d, got 'soon'"),
        ],
        ids=["choice", "name", "of the service", "form"],
    )
    def test_a_wrong_setting_is_named_as_python_names_it(self, model: Path, settings: Any, said: str) -> None:
        with pytest.raises(SettingsError) as caught:
            foreseen.load(model, **settings)

        assert str(caught.value).startswith(said)

    @pytest.mark.parametrize("option", [{"on_error": "ignore"}, {"progress": "loud"}], ids=str)
    def test_an_unknown_choice_is_rejected(
        self, iris: foreseen.Model, frame: pd.DataFrame, option: dict[str, Any]
    ) -> None:
        with pytest.raises(SettingsError, match=f"{next(iter(option))}: expected"):
            iris.score(frame, **option)

    def test_a_missing_model_is_rejected_as_by_the_command(self, tmp_path: Path) -> None:
        path = tmp_path / "empty.joblib"
        path.touch(mode=0o600)
        done = run_here("inspect", path)

        with pytest.raises(ModelUnavailableError) as caught:
            foreseen.load(path)

        assert done.stderr.decode() == f"foreseen: {caught.value}\n"

    def test_a_closed_model_reports_that(self, model: Path, frame: pd.DataFrame) -> None:
        loaded = foreseen.load(model, cache="none")
        loaded.close()
        loaded.close()

        with pytest.raises(ModelUnavailableError, match="expected a model that is open, got one that was closed"):
            loaded.predict(frame)

    def test_settings_beside_a_loaded_model_are_rejected(self, iris: foreseen.Model, frame: pd.DataFrame) -> None:
        with pytest.raises(SettingsError, match="ttl: expected a model file beside it, got a loaded model"):
            foreseen.score(frame, iris, ttl=5)


def test_a_model_shows_its_name_and_fingerprint(iris: foreseen.Model) -> None:
    assert repr(iris) == f"<foreseen.Model model, fingerprint {iris.fingerprint[:12]}>"
    assert json.dumps(iris.fingerprint)
