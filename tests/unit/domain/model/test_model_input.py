"""The form of a model's input identifies it: what another form may be answered otherwise for differs in its bytes."""

from dataclasses import replace

import pytest

from foreseen.domain.model.model_input import ColumnForm, ModelInput
from foreseen.domain.values.signature import Feature, Signature

COLUMN = ColumnForm("grade", "category", ("low", "high"))
FORM = ModelInput("frame", (COLUMN, ColumnForm("age", "int64")))

OTHERS = {
    "form": replace(FORM, takes="array"),
    "matrix": replace(FORM, is_dmatrix=True),
    "dtype": replace(FORM, columns=(COLUMN, ColumnForm("age", "float64"))),
    "name": replace(FORM, columns=(replace(COLUMN, name="rank"), FORM.columns[1])),
    "codes": replace(FORM, columns=(replace(COLUMN, categories=("high", "low")), FORM.columns[1])),
    "order": replace(FORM, columns=(replace(COLUMN, is_ordered=True), FORM.columns[1])),
    "missing": replace(FORM, columns=(replace(COLUMN, missing="none"), FORM.columns[1])),
    "unknown": replace(FORM, columns=(replace(COLUMN, rejects_unknown=True), FORM.columns[1])),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_form_has_other_bytes(name: str) -> None:
    assert OTHERS[name].canonical() != FORM.canonical()


def test_a_category_of_a_number_is_none_of_its_text() -> None:
    numbers, texts = (ModelInput("frame", (replace(COLUMN, categories=of),)) for of in ((1, 2), ("1", "2")))

    assert numbers.canonical() != texts.canonical()


def test_the_source_of_a_dtype_is_not_identity() -> None:
    guessed = replace(
        FORM, columns=(replace(COLUMN, origin="somewhere", is_guess=True), FORM.columns[1]), doubts=("?",)
    )

    assert guessed == FORM
    assert guessed.canonical() == FORM.canonical()


def test_each_feature_has_the_form_of_its_first_column() -> None:
    signature = Signature((Feature("pixels", shape=(2, 2)), Feature("age")))
    columns = tuple(ColumnForm(name) for name in "abcde")

    assert [form.name for form in ModelInput("array", columns).by_feature(signature)] == ["a", "e"]
