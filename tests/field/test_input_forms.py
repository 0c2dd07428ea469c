"""A model is called with the form it takes: a frame, an array, texts or dicts, declared or found by trial."""

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline

from foreseen.domain.errors import InvalidBatchError, ModelUnavailableError
from support.loaded_models import dtypes, load_saved, own_answers, sent
from support.own_functions import ByKey, ByName, Misspelt, OutOfOrder, WordCounter
from support.own_models import Rejecting

REVIEWS, LIKED = ["good film", "bad film"] * 9, [1, 0] * 9
TEXT = '[[features]]\nname = "review"\ndtype = "string"\n'

OF_TEXTS = {
    "tf-idf": lambda: make_pipeline(TfidfVectorizer(), LogisticRegression()),
    "counts": lambda: make_pipeline(CountVectorizer(), LogisticRegression()),
    "hashes": lambda: make_pipeline(HashingVectorizer(n_features=16), LogisticRegression()),
    "words and letters": lambda: make_pipeline(
        FeatureUnion([("words", TfidfVectorizer()), ("letters", CountVectorizer(analyzer="char"))]),
        LogisticRegression(),
    ),
    "searched": lambda: GridSearchCV(make_pipeline(TfidfVectorizer(), LogisticRegression()), {}, cv=2),
}


@pytest.mark.parametrize("name", OF_TEXTS)
def test_a_model_of_texts_is_given_a_list_of_texts(name: str, tmp_path: Path) -> None:
    model = OF_TEXTS[name]().fit(REVIEWS, LIKED)
    predictor = load_saved(model, tmp_path, features=["review"])

    assert sent(predictor, {"review": "good film"}, {"review": "film"}) == own_answers(model, ["good film", "film"])


def test_a_text_model_without_feature_names_has_one_named_text(tmp_path: Path) -> None:
    model = OF_TEXTS["tf-idf"]().fit(REVIEWS, LIKED)

    assert dtypes(load_saved(model, tmp_path).info.signature) == {"text": "string"}


def test_a_sidecar_names_the_texts_of_a_model(tmp_path: Path) -> None:
    model = OF_TEXTS["tf-idf"]().fit(REVIEWS, LIKED)
    predictor = load_saved(model, tmp_path, TEXT)

    assert sent(predictor, {"review": "good film"}) == own_answers(model, ["good film"])


PEOPLE = [{"age": 30, "city": "Oslo"}, {"age": 50, "city": "Rome"}, {"age": 40}] * 6


def test_a_model_of_dicts_knows_its_features_and_their_dtypes(tmp_path: Path) -> None:
    model = make_pipeline(DictVectorizer(), LogisticRegression()).fit(PEOPLE, [0, 1, 1] * 6)
    predictor = load_saved(model, tmp_path)

    assert dtypes(predictor.info.signature) == {"age": "float64", "city": "string"}
    assert predictor.info.signature.features[1].values == ("Oslo", "Rome")
    assert sent(predictor, {"age": 50, "city": "Rome"}) == own_answers(model, [{"age": 50, "city": "Rome"}])


def test_a_key_absent_from_a_dict_stays_absent(tmp_path: Path) -> None:
    model = make_pipeline(DictVectorizer(), LogisticRegression()).fit(PEOPLE, [0, 1, 1] * 6)

    assert sent(load_saved(model, tmp_path), {"age": 40}, {}) == own_answers(model, [{"age": 40}, {}])


def test_hashed_dicts_are_described_by_a_sidecar(tmp_path: Path) -> None:
    model = make_pipeline(FeatureHasher(8), LogisticRegression()).fit(PEOPLE, [0, 1, 1] * 6)
    toml = '[[features]]\nname = "age"\n[[features]]\nname = "city"\ndtype = "string"\nmissing = true\n'

    assert sent(load_saved(model, tmp_path, toml), {"age": 40}) == own_answers(model, [{"age": 40}])


def test_own_code_that_fails_on_an_array_gets_a_frame(tmp_path: Path) -> None:
    predictor = load_saved(ByName(), tmp_path, proba=False, features=["a"])

    assert sent(predictor, {"a": 3}) == [6]
    assert predictor.info.model_input.takes == "frame"


def test_own_code_that_takes_texts_is_given_texts(tmp_path: Path) -> None:
    predictor = load_saved(WordCounter(), tmp_path, TEXT, proba=False)

    assert sent(predictor, {"review": "not a good film"}, {"review": "good"}) == [4, 1]


def test_own_code_that_takes_dicts_is_given_dicts(tmp_path: Path) -> None:
    toml = '[[features]]\nname = "a"\n[[features]]\nname = "b"\nmissing = true\n'

    assert sent(load_saved(ByKey(), tmp_path, toml, proba=False), {"a": 1, "b": 2}, {"a": 1}) == [3, 1]


def test_a_sidecar_declares_the_form(tmp_path: Path) -> None:
    toml = f'takes = "texts"\n{TEXT}'

    assert load_saved(WordCounter(), tmp_path, toml, proba=False).info.model_input.takes == "texts"


def test_a_declared_form_is_the_only_one_tried(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"given an array: .*AttributeError") as caught:
        load_saved(WordCounter(), tmp_path, f'takes = "array"\n{TEXT}', proba=False)

    assert "DataFrame" not in str(caught.value)


def test_a_model_that_fails_on_every_form_is_not_ready(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError) as caught:
        load_saved(OutOfOrder(), tmp_path, proba=False)

    said = str(caught.value)
    assert "expected OutOfOrder to answer made-up instances, but it fails whatever it is given" in said
    assert "given an array, a DataFrame or a list of dicts: the model failed in predict: RuntimeError: no gra" in said
    assert said.count("RuntimeError") == 1
    assert "\n" not in said


def test_a_failure_that_no_value_causes_is_reported_first(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError) as caught:
        load_saved(Misspelt(), tmp_path, proba=False)

    said = str(caught.value)
    assert re.search("whatever it is given: given a DataFrame: [^;]*NameError: name 'sufix' is not defined; ", said)
    assert said.count("Can only use .str accessor") == said.count("NameError") == 1


def test_a_model_that_rejects_probe_values_is_served(tmp_path: Path) -> None:
    predictor = load_saved(Rejecting(), tmp_path, proba=False, features=["a"])

    assert sent(predictor, {"a": 200}) == [200]
    with pytest.raises(InvalidBatchError, match="below 100"):
        sent(predictor, {"a": 1})


class LonelyRows:
    """A model that answers one row at a time."""

    def predict(self, rows: Any) -> list[float]:
        (row,) = rows
        return [float(row[0])]


def test_a_model_of_one_row_at_a_time_is_served(tmp_path: Path) -> None:
    predictor = load_saved(LonelyRows(), tmp_path, proba=False, features=["a"], rows_per_call=1)

    assert sent(predictor, {"a": 2}, {"a": 3}) == [2, 3]


def test_an_input_form_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    first = load_saved(ByName(), tmp_path, '[[features]]\nname = "a"\n', proba=False)
    second = load_saved(ByName(), tmp_path, '[[features]]\nname = "a"\ndtype = "Float64"\n', proba=False)

    assert first.info.signature == second.info.signature
    assert first.info.fingerprint != second.info.fingerprint


def test_a_frame_has_one_block_for_each_dtype(tmp_path: Path) -> None:
    predictor = load_saved(BlockCounter(), tmp_path, '[[features]]\nname="a"\n[[features]]\nname="s"\ndtype="string"\n'
                           '[[features]]\nname="b"\n', proba=False)  # fmt: skip

    assert sent(predictor, {"a": 1, "s": "x", "b": 2}) == ["a s b: 2"]


class BlockCounter:
    """Answers with the columns of a frame, and how many blocks hold them."""

    def predict(self, frame: pd.DataFrame) -> list[str]:
        return [f"{' '.join(frame.columns)}: {len(frame._mgr.blocks)}"] * len(frame)


class Keywords:
    """A model of texts that answers an array of one text a row as well."""

    def predict(self, texts: Any) -> list[int]:
        return [10 * len(text) + ("good" in text) for text in texts]


class Initials:
    """A model of rows that answers a list of texts as well."""

    def predict(self, rows: Any) -> list[int]:
        return [len(row[0]) for row in rows]


class Spread:
    """A model of rows whose answer pandas computes otherwise than numpy."""

    def predict(self, rows: Any) -> Any:
        return rows.std(axis=1)


def test_a_text_model_that_also_accepts_arrays_is_reported(tmp_path: Path) -> None:
    predictor = load_saved(Keywords(), tmp_path, TEXT, proba=False)

    assert sent(predictor, {"review": "good film"}, {"review": "bad"}) == [91, 30]
    (doubt,) = predictor.info.model_input.doubts
    assert "it is given a list of texts" in doubt
    assert doubt.endswith('declare it in the sidecar: takes = "texts" or takes = "array" or takes = "dicts"')


@pytest.mark.parametrize(
    ("model", "toml", "takes"),
    [(Initials(), TEXT, "array"), (Spread(), '[[features]]\nname = "a"\n[[features]]\nname = "b"\n', "frame")],
)
def test_an_ambiguous_input_form_is_reported_until_it_is_declared(
    model: Any, toml: str, takes: str, tmp_path: Path
) -> None:
    (doubt,) = load_saved(model, tmp_path, toml, proba=False).info.model_input.doubts
    declared = load_saved(model, tmp_path, f'takes = "{takes}"\n{toml}', proba=False).info.model_input

    assert f'takes = "{takes}"' in doubt
    assert (declared.takes, declared.doubts) == (takes, ())


@pytest.mark.parametrize("model", [ByName(), WordCounter(), LonelyRows()])
def test_a_form_that_alone_is_answered_is_not_doubted(model: Any, tmp_path: Path) -> None:
    toml = TEXT if isinstance(model, WordCounter) else '[[features]]\nname = "a"\n'

    assert load_saved(model, tmp_path, toml, proba=False).info.model_input.doubts == ()
