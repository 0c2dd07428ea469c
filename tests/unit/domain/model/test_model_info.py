"""Two models are the same only where all is the same that an answer depends on."""

from dataclasses import replace

import pytest

from foreseen.domain.model.call_size import CallSize
from foreseen.domain.values.signature import Feature, Signature
from support.encodings import Cells
from support.fakes import FLOWER, info_of

BASE = info_of()
OTHERS = {
    "fingerprint": info_of(fingerprint=b"g" * 16),
    "signature": info_of(Signature((Feature("other"),))),
    "kind": info_of(replace(FLOWER, kind="classification")),
    "outputs": info_of(outputs=("predict_proba",)),
    "versions": replace(BASE, versions={"fake": "2"}),
    "call size": info_of(call_size=CallSize(fixed=32)),
    "encoding": replace(BASE, encoding=Cells(1.0)),
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_whatever_changes_an_answer_makes_another_model(other: object) -> None:
    assert other != BASE


@pytest.mark.parametrize(("name", "other"), OTHERS.items())
def test_the_difference_is_named(name: str, other: object) -> None:
    said = BASE.difference(other)  # type: ignore[arg-type]

    assert said.startswith(f"expected {'signature' if name == 'kind' else name} ")
    assert ", got " in said


def test_equal_models_have_no_difference() -> None:
    assert BASE.difference(info_of()) == ""


def test_the_kind_changes_the_namespace_as_it_changes_labels() -> None:
    assert OTHERS["kind"].namespace != BASE.namespace
