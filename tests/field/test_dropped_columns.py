"""Columns of the training frame that a model drops are no features, and need not be sent."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from support.loaded_models import load_saved, own_answers, sent

FRAME = pd.DataFrame(
    {
        "passenger": [f"P{n}" for n in range(20)],
        "ticket": ["A/5", "C1"] * 10,
        "fare": range(20),
        "deck": ["a", "b"] * 10,
    }
)
SURVIVED = [0, 0, 1, 1] * 5

CHOSEN: dict[str, Any] = {
    "by name": ["fare"],
    "by number": [2],
    "by number from behind": [-2],
    "by slice": slice(2, 3),
    "by slice of names": slice("fare", "fare"),
    "by mask": [False, False, True, False],
}


def _model(chosen: Any = ("fare",)) -> Any:
    columns = ColumnTransformer([("f", StandardScaler(), list(chosen) if isinstance(chosen, tuple) else chosen)])
    return make_pipeline(columns, LogisticRegression())


@pytest.mark.parametrize("name", CHOSEN)
def test_a_column_that_nothing_looks_at_need_not_be_sent(name: str, tmp_path: Path) -> None:
    model = _model(CHOSEN[name]).fit(FRAME, SURVIVED)
    predictor = load_saved(model, tmp_path)

    assert predictor.info.signature.names == ("fare",)
    assert predictor.info.signature.ignored == ("passenger", "ticket", "deck")
    assert sent(predictor, {"fare": 3}) == own_answers(model, FRAME[3:4])


def test_a_column_of_a_dropped_part_need_not_be_sent(tmp_path: Path) -> None:
    columns = ColumnTransformer(
        [("f", StandardScaler(), ["fare"]), ("t", "drop", ["ticket"]), ("d", OneHotEncoder(), ["deck"])],
        remainder="drop",
    )
    model = make_pipeline(columns, LogisticRegression()).fit(FRAME, SURVIVED)
    predictor = load_saved(model, tmp_path)

    assert predictor.info.signature.names == ("fare", "deck")
    assert sent(predictor, {"fare": 3, "deck": "b"}) == own_answers(model, FRAME[3:4])


def test_a_remainder_that_passes_through_has_to_be_sent(tmp_path: Path) -> None:
    columns = ColumnTransformer([("d", OneHotEncoder(), ["deck"])], remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression()).fit(FRAME[["deck", "fare"]], SURVIVED)

    assert load_saved(model, tmp_path).info.signature.names == ("deck", "fare")


@pytest.mark.parametrize(
    "around",
    [lambda model: GridSearchCV(model, {}, cv=2), lambda model: VotingClassifier([("m", model)], voting="soft")],
    ids=["search", "vote"],
)
def test_dropped_columns_are_found_inside_what_is_around_a_model(around: Any, tmp_path: Path) -> None:
    model = around(_model()).fit(FRAME, SURVIVED)
    predictor = load_saved(model, tmp_path)

    assert predictor.info.signature.names == ("fare",)
    assert sent(predictor, {"fare": 3}) == own_answers(model, FRAME[3:4])


def test_a_column_read_by_one_of_two_members_is_required(tmp_path: Path) -> None:
    other = make_pipeline(ColumnTransformer([("d", OneHotEncoder(), ["deck"])]), LogisticRegression())
    model = VotingClassifier([("f", _model()), ("d", other)], voting="soft").fit(FRAME, SURVIVED)

    assert load_saved(model, tmp_path).info.signature.names == ("fare", "deck")


def test_dropped_columns_of_an_array_are_sent_in_their_place(tmp_path: Path) -> None:
    model = _model([1]).fit(FRAME[["fare", "fare"]].to_numpy(), SURVIVED)

    assert load_saved(model, tmp_path).info.signature.names == ("x0", "x1")


@pytest.mark.parametrize("names", [["price"], ["who", "paper", "price", "floor"]], ids=["the rest", "all"])
def test_names_may_be_given_for_all_or_for_used_columns(names: list[str], tmp_path: Path) -> None:
    model = _model().fit(FRAME, SURVIVED)
    predictor = load_saved(model, tmp_path, features=names)

    assert predictor.info.signature.names == ("price",)
    assert sent(predictor, {"price": 3}) == own_answers(model, FRAME[3:4])
