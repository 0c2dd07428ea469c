"""A model in a process of its own: the same answers and errors as in this one, and it may end without harm."""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.subprocess import parent
from foreseen.adapters.predictor.subprocess.parent import ModelProcess
from foreseen.adapters.predictor.subprocess.process_predictor import ProcessPredictor
from foreseen.domain.errors import InvalidBatchError, ModelRestartingError, ModelUnavailableError, PredictionError
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from support.held_model import Holding, Holds
from support.models import answers, batch_of, iris_forest, iris_frame, mixed_pipeline, save
from support.own_models import DIE, EXIT, FAIL, REJECT, WARN, Faulty, Labeller
from support.processes import wait_until

if TYPE_CHECKING:
    from foreseen.adapters.predictor.subprocess.model_options import ModelOptions


@contextmanager
def in_a_process(
    path: Path, *, clock: Callable[[], float] = time.monotonic, **options: Any
) -> Iterator[ProcessPredictor]:
    predictor = ProcessPredictor(ModelProcess(cast("ModelOptions", {"path": path, **options})), clock=clock)
    try:
        yield predictor
    finally:
        predictor.close()


@contextmanager
def faulty_in_a_process(folder: Path, clock: Callable[[], float] = time.monotonic) -> Iterator[ProcessPredictor]:
    with in_a_process(save(Faulty(), folder), clock=clock, features=["a"], rows_per_call=0) as predictor:
        yield predictor


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPredictor]:
    """A process for all tests that leave it alive."""
    with faulty_in_a_process(tmp_path_factory.mktemp("faulty")) as predictor:
        yield predictor


def of(predictor: Predictor, value: float) -> Batch:
    return batch_of(predictor.info.signature, [[value]])


def pid_of(predictor: ProcessPredictor) -> int:
    return predictor.process.pid


def kill(predictor: ProcessPredictor) -> None:
    process = predictor.process
    os.kill(pid_of(predictor), signal.SIGKILL)
    wait_until(lambda: process.has_ended)


MODELS: dict[str, tuple[Callable[[], Any], Any, dict[str, Any]]] = {
    "forest": (iris_forest, iris_frame()[0][::7], {"outputs": ("predict", "predict_proba")}),
    "strings and missing numbers": (mixed_pipeline, [["red", 1.0, 2.0], ["blue", float("nan"), 3.0]], {}),
    "a class of the user's own": (Labeller, [[1.0], [-1.0]], {"features": ["a"], "outputs": ("predict_proba",)}),
}


@pytest.mark.parametrize("name", MODELS)
def test_it_is_the_same_model_with_the_same_answers(name: str, tmp_path: Path) -> None:
    train, rows, options = MODELS[name]
    path = save(train(), tmp_path)
    here = load_predictor(path, **options)

    with in_a_process(path, **options) as there:
        assert there.info.fingerprint == here.info.fingerprint
        assert there.info.signature == here.info.signature
        assert [f.example for f in there.info.signature.features] == [f.example for f in here.info.signature.features]
        assert (there.info.outputs, there.info.versions) == (here.info.outputs, here.info.versions)
        batch = batch_of(here.info.signature, rows)
        assert there.predict(batch).encode() == here.predict(batch).encode()
        assert len(there.predict(batch)) == len(batch)


def test_an_unloadable_model_is_rejected_in_the_same_words(tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    path.write_bytes(b"no model at all")
    path.chmod(0o600)
    with pytest.raises(ModelUnavailableError) as here:
        load_predictor(path)
    process = ModelProcess({"path": path})

    with pytest.raises(ModelUnavailableError) as there:
        ProcessPredictor(process)

    assert str(there.value) == str(here.value)
    assert process.has_ended


def test_a_process_that_dies_while_loading_is_no_model(tmp_path: Path) -> None:
    process = ModelProcess({"path": tmp_path / "model.joblib"})
    os.kill(process.pid, signal.SIGKILL)

    with pytest.raises(ModelUnavailableError, match="expected the model to load, but its process was ended by SIGKILL"):
        ProcessPredictor(process)


def test_a_rejected_batch_comes_with_its_violations(faulty: ProcessPredictor) -> None:
    with pytest.raises(InvalidBatchError) as caught:
        faulty.predict(of(faulty, REJECT))

    (violation,) = caught.value.violations
    assert (violation.expected, violation.got) == ("values that the model accepts", "its error: an unknown value")
    assert str(caught.value) == str(violation)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (FAIL, "the model failed in predict: RuntimeError: out of order"),
        (EXIT, "the model failed in predict: SystemExit"),
    ],
)
def test_a_failure_is_raised_and_leaves_the_process_alive(faulty: ProcessPredictor, value: float, said: str) -> None:
    pid = pid_of(faulty)

    with pytest.raises(PredictionError) as caught:
        faulty.predict(of(faulty, value))

    assert str(caught.value) == said
    assert answers(faulty, [[5.0]]) == [{"prediction": 5.0}]
    assert pid_of(faulty) == pid


def test_its_logs_and_warnings_are_logged_here(faulty: ProcessPredictor, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        faulty.predict(of(faulty, WARN))

    warned, erred = caplog.records
    assert (warned.name, warned.levelname) == ("py.warnings", "WARNING")
    assert "UserWarning: a warning of the model" in warned.getMessage()
    assert (erred.name, erred.levelname, erred.getMessage()) == ("own.model", "ERROR", "an error of the model")


def test_signals_for_the_whole_service_leave_it_to_its_parent(faulty: ProcessPredictor) -> None:
    pid = pid_of(faulty)

    for sent in (signal.SIGINT, signal.SIGTERM):
        os.kill(pid, sent)

    assert answers(faulty, [[5.0]]) == [{"prediction": 5.0}]
    assert (pid_of(faulty), os.getpgid(pid) != os.getpgid(0)) == (pid, True)


def test_it_yields_to_hits_by_one_step_of_priority(faulty: ProcessPredictor) -> None:
    assert os.getpriority(os.PRIO_PROCESS, pid_of(faulty)) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 1)


def test_a_process_that_died_while_idle_costs_no_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with faulty_in_a_process(tmp_path) as predictor:
        kill(predictor)

        assert answers(predictor, [[5.0]]) == [{"prediction": 5.0}]
        assert answers(predictor, [[6.0]]) == [{"prediction": 6.0}]

    assert [record.getMessage() for record in caplog.records] == [
        "the model's process was ended by SIGKILL: another one is started"
    ]


def test_a_process_that_dies_fails_one_call_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with faulty_in_a_process(tmp_path) as predictor:
        with pytest.raises(PredictionError, match="the model's process ended with exit code 9 before it had answered"):
            predictor.predict(of(predictor, DIE))

        assert answers(predictor, [[5.0]]) == [{"prediction": 5.0}]

    assert len(caplog.records) == 1


def test_a_process_killed_in_a_call_fails_it_at_once(tmp_path: Path) -> None:
    holds = Holds(tmp_path)
    holds.hold(5)

    def kill_in_the_call(pid: int) -> None:
        wait_until(lambda: holds.has_begun(5))
        os.kill(pid, signal.SIGKILL)

    with in_a_process(save(Holding(tmp_path), tmp_path), features=["a"], rows_per_call=0) as predictor:
        killer = threading.Thread(target=kill_in_the_call, args=[pid_of(predictor)])
        killer.start()

        with pytest.raises(PredictionError, match="was ended by SIGKILL"):
            predictor.predict(of(predictor, 5))

        killer.join()


def test_a_changed_file_never_answers_for_the_old_model(tmp_path: Path) -> None:
    with in_a_process(save(iris_forest(2), tmp_path), rows_per_call=0) as predictor:
        batch, before = batch_of(predictor.info.signature, iris_frame()[0][:1]), predictor.info.fingerprint
        save(iris_forest(3), tmp_path)
        assert predictor.predict(batch).encode().bodies == [b'{"prediction":"0"}']
        kill(predictor)

        for _ in range(2):
            with pytest.raises(PredictionError, match="its file or something that it needs has changed since; reload"):
                predictor.predict(batch)

        assert predictor.info.fingerprint == before


def test_failed_starts_wait_longer_each_time_without_delaying_calls(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    now = [1_000.0]
    path, aside = tmp_path / "model.joblib", tmp_path / "aside"
    with faulty_in_a_process(tmp_path, clock=lambda: now[0]) as predictor:
        path.rename(aside)
        kill(predictor)
        for left_s in (1.0, 2.0):
            wait_until_failed(predictor, left_s)
            now[0] += left_s / 2
            assert retry_after_s(predictor) == left_s / 2
            now[0] += left_s / 2
        aside.rename(path)

        wait_until(lambda: predictor.unready() == "")
        assert answers(predictor, [[5.0]]) == [{"prediction": 5.0}]

    assert [record.getMessage().split(": ")[0] for record in caplog.records if "process" in record.getMessage()] == [
        "the model's process was ended by SIGKILL",
        *["the model's process could not start"] * 2,
        "the model's process has started again",
    ]


def test_a_moment_without_room_for_threads_leaves_no_model_unready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_in_a_process(tmp_path) as predictor:
        kill(predictor)
        with monkeypatch.context() as full:
            full.setattr(threading.Thread, "start", no_room)
            assert predictor.unready() != ""

        wait_until(lambda: predictor.unready() == "")


def no_room(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def wait_until_failed(predictor: ProcessPredictor, left_s: float) -> None:
    wait_until(lambda: retry_after_s(predictor) == left_s)


def retry_after_s(predictor: ProcessPredictor) -> float:
    """Return when a call is to come again, which fails."""
    with pytest.raises(ModelRestartingError, match=r"another one could not start: .*got no such file") as failed:
        predictor.predict(of(predictor, 5.0))
    return failed.value.retry_after_s


@pytest.mark.parametrize("dies", ["while it loads", "before it is there"])
def test_a_process_that_dies_before_loading_is_a_failed_start(
    tmp_path: Path, dies: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty_in_a_process(tmp_path) as predictor:
        kill(predictor)
        if dies == "while it loads":
            path = tmp_path / "model.joblib"
            path.write_bytes(b"cos\n_exit\n(I7\ntR.")
        else:
            monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))

        with pytest.raises(ModelRestartingError, match="another one could not start"):
            predictor.predict(of(predictor, 5.0))


@pytest.mark.usefixtures("fresh_processes")
def test_closing_it_lets_the_process_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "PATIENCE_S", 60.0)  # its priority is lower, also in ending
    with faulty_in_a_process(tmp_path) as predictor:
        process = predictor.process

    assert process.ending() == "ended with exit code 0"


def test_closing_it_while_another_starts_leaves_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[ModelProcess] = []
    start = ModelProcess.another

    def start_while_it_closes(process: ModelProcess) -> ModelProcess:
        predictor.close()
        started.append(start(process))
        return started[0]

    monkeypatch.setattr(ModelProcess, "another", start_while_it_closes)
    with faulty_in_a_process(tmp_path) as predictor:
        kill(predictor)
        with pytest.raises(PredictionError, match="will not be replaced"):
            predictor.predict(of(predictor, 5.0))

        assert started[0].ending() == "was ended by SIGKILL"


def test_closing_one_that_still_loads_waits_for_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.joblib")  # from which nothing ever comes
    with ModelProcess({"path": tmp_path / "model.joblib"}) as process:
        assert not process.has_ended

    assert process.ending() == "was ended by SIGKILL"
