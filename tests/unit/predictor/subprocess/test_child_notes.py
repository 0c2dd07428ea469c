"""A child sends more than answers: log lines, and checks of its engine, which are no answers."""

import pytest

from foreseen.adapters.predictor.subprocess.child_notes import ChildNotes
from foreseen.adapters.predictor.subprocess.pipe import LogLine
from foreseen.domain.model.engine_switch import EngineCheck, EngineSwitch


def test_a_log_line_is_logged_here(caplog: pytest.LogCaptureFixture) -> None:
    assert ChildNotes(EngineSwitch()).accept(LogLine("foreseen.child", 30, "it is warm"))

    assert caplog.messages == ["it is warm"]


def test_a_difference_turns_the_engine_off_here() -> None:
    notes = ChildNotes(EngineSwitch())

    assert notes.accept(EngineCheck(is_over=False))
    assert notes.checks_under_way == 1
    assert notes.accept(EngineCheck(is_over=True, difference="the answer 1 differs from 2"))
    assert notes.checks_under_way == 0
    assert notes.switch.difference == "the answer 1 differs from 2"


@pytest.mark.parametrize("answer", [[b"1"], None, ValueError("of the model")])
def test_an_answer_is_no_note(answer: object) -> None:
    assert not ChildNotes(EngineSwitch()).accept(answer)
