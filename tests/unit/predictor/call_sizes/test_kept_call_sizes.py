"""How a model is called is decided once and kept beside it; whatever is wrong with that file costs a decision."""

import json
import logging
from pathlib import Path

import pytest

from foreseen.adapters.predictor.call_sizes import call_decision
from foreseen.adapters.predictor.call_sizes.kept_call_sizes import MOST, KeptCallSizes
from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.identity.key import Fingerprint
from foreseen.domain.model.call_size import CallSize
from support.models import save
from support.own_models import Doubler

ONE, OTHER = Fingerprint(b"1" * 16), Fingerprint(b"2" * 16)


@pytest.fixture
def kept(tmp_path: Path) -> KeptCallSizes:
    return KeptCallSizes(tmp_path / "model.joblib")


@pytest.mark.parametrize(
    "size",
    [CallSize(), CallSize(least=2), CallSize(fixed=32), CallSize(fixed=32, large=8192), CallSize(fixed=1)],
    ids=str,
)
def test_a_decision_is_found_again_for_the_same_model_alone(kept: KeptCallSizes, size: CallSize) -> None:
    kept.keep(ONE, size)
    found = kept.find(ONE)

    assert found
    assert (found, found.large) == (size, size.large)
    assert kept.find(OTHER) is None


def test_the_newest_decisions_stay(kept: KeptCallSizes) -> None:
    kept.keep(ONE, CallSize())
    for number in range(MOST - 1):
        kept.keep(Fingerprint(number.to_bytes(16)), CallSize())
    kept.keep(ONE, CallSize(least=2))
    kept.keep(OTHER, CallSize())

    assert kept.find(ONE) == CallSize(least=2)
    assert kept.find(Fingerprint((0).to_bytes(16))) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"format": 2, "call_sizes": {"%s": {"least": 2, "fixed": null}}}',
        '{"format": 1, "call_sizes": {"%s": {"least": 2, "fixed": 10000000}}}',
        '{"format": 1, "call_sizes": {"%s": {"least": "2"}}}',
        '{"format": 1, "call_sizes": {"%s": [2]}}',
        '{"format": 1, "call_sizes": {"%s": {"least": 1, "fixed": 32, "large": 65536}}}',
        '{"format": 1, "call_sizes": [1]}',
    ],
)
def test_a_damaged_file_is_as_none(kept: KeptCallSizes, text: str) -> None:
    kept.path.write_text(text.replace("%s", ONE.hex()))
    kept.path.chmod(0o600)

    assert kept.find(ONE) is None
    kept.keep(ONE, CallSize(least=2))
    assert kept.find(ONE) == CallSize(least=2)


def test_a_file_that_others_may_write_to_is_not_believed(kept: KeptCallSizes, caplog: pytest.LogCaptureFixture) -> None:
    kept.keep(ONE, CallSize())
    kept.path.chmod(0o666)

    with caplog.at_level(logging.WARNING):
        assert kept.find(ONE) is None
    assert "record of how the model is called" in caplog.text


def test_an_unwritable_folder_costs_a_decision_each_start(tmp_path: Path) -> None:
    KeptCallSizes(tmp_path / "nowhere" / "model.joblib").keep(ONE, CallSize())

    assert list(tmp_path.iterdir()) == []


def test_a_later_start_takes_the_decision_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(Doubler(), tmp_path)
    first = load_predictor(path, features=["a"]).info
    monkeypatch.setattr(call_decision, "call_size", lambda *_, **__: pytest.fail("decided again"))

    assert load_predictor(path, features=["a"]).info == first
    assert len(json.loads((tmp_path / "model.joblib.calls.json").read_text())["call_sizes"]) == 1


def test_a_decision_without_large_calls_is_found(kept: KeptCallSizes) -> None:
    kept.path.write_text(json.dumps({"format": 1, "call_sizes": {ONE.hex(): {"least": 1, "fixed": 32}}}))
    kept.path.chmod(0o600)
    found = kept.find(ONE)

    assert found == CallSize(fixed=32)
    assert found.large is None
