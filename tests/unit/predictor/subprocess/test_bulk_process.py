"""A model in a process that answers batches side by side: who ends it fails the calls that it has, and no others."""

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from threading import enumerate as enumerate_threads
from typing import cast

import pytest

from foreseen.adapters.predictor.subprocess.bulk_process_predictor import BulkProcessPredictor
from foreseen.adapters.predictor.subprocess.parent import ModelProcess, ProcessEndedError
from foreseen.adapters.predictor.subprocess.process_calls import ProcessCalls
from foreseen.domain.errors import InvalidBatchError, ModelEndedError, ModelUnavailableError, PredictionError
from foreseen.domain.values.batch import Batch
from support.held_model import Holding, Holds
from support.models import batch_of, save
from support.own_models import DIE, FAIL, REJECT, Doubler, Faulty, Labeller
from support.processes import wait_until


@contextmanager
def in_a_process(
    path: Path, *, calls: int = 2, most_endings: int = 50, outputs: Sequence[str] = ("predict",)
) -> Iterator[BulkProcessPredictor]:
    process = ModelProcess({"path": path, "features": ["a"], "rows_per_call": 0, "outputs": outputs}, calls=calls)
    predictor = BulkProcessPredictor(process, most_endings=most_endings)
    try:
        yield predictor
    finally:
        predictor.close()


def of(predictor: BulkProcessPredictor, *values: float) -> Batch:
    return batch_of(predictor.info.signature, [[value] for value in values])


def pid_of(predictor: BulkProcessPredictor) -> int:
    return predictor.process.pid


def wait_until_no_answers_are_read() -> None:
    """Wait until the thread that reads what a process answers has seen that it ended."""
    wait_until(lambda: all(thread.name != "model's answers" for thread in enumerate_threads()))


def test_concurrent_calls_each_get_their_own_answer(tmp_path: Path) -> None:
    holds = Holds(tmp_path)
    holds.hold(5)
    with in_a_process(save(Holding(tmp_path), tmp_path)) as predictor, ThreadPoolExecutor(2) as threads:
        held = threads.submit(predictor.predict, of(predictor, 5.0))
        wait_until(lambda: holds.has_begun(5))

        assert predictor.predict(of(predictor, 2.0, 3.0)).outputs == {"prediction": [4.0, 6.0]}
        assert not held.done()
        holds.let_go()
        assert held.result().outputs == {"prediction": [10.0]}


def test_answers_and_error_messages_arrive_unchanged(tmp_path: Path) -> None:
    with in_a_process(save(Labeller(), tmp_path), outputs=("predict", "predict_proba")) as predictor:
        assert predictor.predict(of(predictor, 1.0)).outputs == {
            "prediction": ["yes"],
            "probabilities": [{"no": 0.0, "yes": 1.0}],
        }
    with in_a_process(save(Faulty(), tmp_path)) as predictor:
        with pytest.raises(InvalidBatchError, match="an unknown value"):
            predictor.predict(of(predictor, REJECT))
        with pytest.raises(PredictionError, match="the model failed in predict: RuntimeError: out of order"):
            predictor.predict(of(predictor, FAIL))


def test_an_ended_process_fails_its_calls_and_is_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with in_a_process(save(Faulty(), tmp_path)) as predictor:
        first = pid_of(predictor)
        with pytest.raises(ModelEndedError, match=r"^the model's process ended with exit code 9$"):
            predictor.predict(of(predictor, DIE))

        assert predictor.predict(of(predictor, 5.0)).outputs == {"prediction": [5.0]}
        assert pid_of(predictor) != first

    assert [record.getMessage() for record in caplog.records] == [
        "the model's process ended with exit code 9: another one is started"
    ]


def test_a_process_that_ended_too_often_is_not_started_again(tmp_path: Path) -> None:
    with in_a_process(save(Faulty(), tmp_path), most_endings=1) as predictor:
        for _ in range(2):
            with pytest.raises(ModelEndedError):
                predictor.predict(of(predictor, DIE))

        with pytest.raises(ModelUnavailableError, match="but 2 have ended; the last ended with exit code 9"):
            predictor.predict(of(predictor, 5.0))


def test_another_file_never_answers_for_the_model_of_the_run(tmp_path: Path) -> None:
    with in_a_process(save(Faulty(), tmp_path)) as predictor:
        save(Doubler(), tmp_path)
        with pytest.raises(ModelEndedError):
            predictor.predict(of(predictor, DIE))

        with pytest.raises(
            ModelUnavailableError, match="its file or something that it needs has changed since: expected"
        ):
            predictor.predict(of(predictor, 5.0))


def test_an_abandoned_process_fails_its_calls_and_is_not_replaced(tmp_path: Path) -> None:
    holds = Holds(tmp_path)
    holds.hold(5)
    with in_a_process(save(Holding(tmp_path), tmp_path)) as predictor, ThreadPoolExecutor(1) as threads:
        held = threads.submit(predictor.predict, of(predictor, 5.0))
        wait_until(lambda: holds.has_begun(5))

        predictor.abandon()

        assert isinstance(held.exception(60), ModelEndedError)
        with pytest.raises(ModelUnavailableError, match="will not be replaced"):
            predictor.predict(of(predictor, 2.0))


def test_a_process_abandoned_during_a_restart_leaves_none_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_a_process(save(Doubler(), tmp_path)) as predictor:
        predictor.predict(of(predictor, 1.0))
        ended, started = predictor.process, ModelProcess.another
        ended.kill()
        wait_until_no_answers_are_read()

        def abandoned_meanwhile(process: ModelProcess) -> ModelProcess:
            another = started(process)
            predictor.abandon()  # which knows the ended one only
            return another

        monkeypatch.setattr(ModelProcess, "another", abandoned_meanwhile)
        for _ in range(2):
            with pytest.raises(ModelUnavailableError, match="will not be replaced"):
                predictor.predict(of(predictor, 1.0))
        assert predictor.process is not ended
        assert predictor.process.ending() == "was ended by SIGKILL"


def test_it_has_the_priority_of_the_process_that_writes(tmp_path: Path) -> None:
    with in_a_process(save(Doubler(), tmp_path)) as predictor:
        assert os.getpriority(os.PRIO_PROCESS, pid_of(predictor)) == os.getpriority(os.PRIO_PROCESS, 0)


def test_a_process_killed_between_two_calls_costs_no_answer(tmp_path: Path) -> None:
    with in_a_process(save(Doubler(), tmp_path)) as predictor:
        predictor.predict(of(predictor, 1.0))
        os.kill(pid_of(predictor), signal.SIGKILL)
        wait_until_no_answers_are_read()

        assert predictor.predict(of(predictor, 2.0)).outputs == {"prediction": [4.0]}


class Unreadable:
    """A child whose answer cannot be read, such as where memory ends here."""

    is_killed = False

    def __init__(self) -> None:
        self.was_sent = Event()

    def send(self, _: object) -> None:
        self.was_sent.set()

    def receive(self) -> object:
        self.was_sent.wait()
        raise MemoryError

    def kill(self) -> None:
        self.is_killed = True


def test_an_answer_that_cannot_be_read_leaves_no_caller_waiting() -> None:
    child = Unreadable()
    calls = ProcessCalls(cast("ModelProcess", child))

    with pytest.raises(ProcessEndedError, match=r"^was stopped, because its answer could not be read: MemoryError"):
        calls.predict([])
    assert (calls.have_ended, child.is_killed) == (True, True)
