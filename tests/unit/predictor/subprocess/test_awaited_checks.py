"""The result of a check of the engine is received although no further call follows."""

from threading import Event, Thread
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from foreseen.adapters.predictor.subprocess.child_notes import ChildNotes
from foreseen.adapters.predictor.subprocess.process_predictor import ProcessPredictor
from foreseen.domain.model.engine_switch import EngineCheck, EngineSwitch
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.batch import Batch
from support.fakes import FLOWER, info_of
from support.processes import wait_until
from support.time_limits import PATIENCE_S

if TYPE_CHECKING:
    from foreseen.adapters.predictor.subprocess.parent import ModelProcess


class CheckingProcess:
    """A process that begins a check with each answer, and reports its result later."""

    def __init__(self, *, ends_check: bool = False) -> None:
        self._ends_check = ends_check
        self.is_loaded = True
        self.notes = ChildNotes(EngineSwitch())
        self.has_ended = False
        self.is_abandoned = False

    def loaded(self) -> ModelInfo:
        return info_of()

    def predict(self, columns: object, *, limit_s: float | None) -> list[bytes]:
        self.notes.accept(EngineCheck(is_over=False))
        if self._ends_check:
            self.receive_notes()
        return [b"1"]

    def receive_notes(self) -> None:
        self.notes.accept(EngineCheck(is_over=True, difference="the answer 1 differs from 2"))

    def close(self) -> None:
        self.has_ended = True

    def another(self) -> "CheckingProcess":
        return CheckingProcess()


FLOWERS = Batch.of(FLOWER, {"length": np.ones(1), "width": np.ones(1)})


def around(process: CheckingProcess) -> ProcessPredictor:
    return ProcessPredictor(cast("ModelProcess", process))


def test_a_difference_arrives_without_another_call() -> None:
    predictor = around(CheckingProcess())

    predictor.predict(FLOWERS)

    wait_until(lambda: not predictor.engine_switch.is_on)
    assert predictor.engine_switch.difference == "the answer 1 differs from 2"


@pytest.mark.parametrize("ends_check", [True, False], ids=["in a call", "after it"])
def test_a_difference_in_the_process_reaches_the_other_copy(ends_check: bool) -> None:
    """As where the model is also loaded on the event loop: each copy turns off the engine of the other."""
    predictor, local = around(CheckingProcess(ends_check=ends_check)), EngineSwitch()
    local.when_off(predictor.without_engine)
    predictor.engine_switch.when_off(local.turn_off)

    for _ in range(2):
        call = Thread(target=predictor.predict, args=(FLOWERS,), daemon=True)
        call.start()
        call.join(PATIENCE_S)

        assert not call.is_alive()
        wait_until(lambda: not local.is_on)
        wait_until(lambda: not predictor.engine_switch.is_on)


def test_a_difference_elsewhere_waits_for_no_call() -> None:
    held, released = Event(), Event()

    class HeldProcess(CheckingProcess):
        def predict(self, columns: object, *, limit_s: float | None) -> list[bytes]:
            held.set()
            assert released.wait(PATIENCE_S)
            return [b"1"]

    process = HeldProcess()
    predictor = around(process)
    call = Thread(target=predictor.predict, args=(FLOWERS,), daemon=True)
    call.start()
    assert held.wait(PATIENCE_S)

    predictor.without_engine("of the other copy")

    assert (predictor.engine_switch.is_on, process.has_ended) == (False, False)
    released.set()
    wait_until(lambda: process.has_ended)


def test_a_process_without_use_is_no_crash() -> None:
    process = CheckingProcess()
    predictor = around(process)

    predictor.without_engine("of the other copy")
    predictor.predict(FLOWERS)

    assert process.has_ended
    assert not predictor.process.has_ended
    assert predictor.endings == 0
