"""Answering: what a child does once its model is loaded, one batch after the other or several at a time."""

import logging
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, cast

from foreseen.adapters.predictor.subprocess.pipe import Pipe
from foreseen.domain.errors import ForeseenError, PredictionError
from foreseen.domain.model.model_failure import failure_text

if TYPE_CHECKING:  # they bring numpy, which is there when the model is
    from collections.abc import Callable, Sequence

    from foreseen.domain.ports import Predictor
    from foreseen.domain.values.batch import Column
    from foreseen.domain.values.predictions import EncodedPredictions, Predictions

    Answers = Predictions | EncodedPredictions

log = logging.getLogger(__name__)


def answer_in_turn(pipe: Pipe, predictor: "Predictor") -> None:
    """Answer batch after batch, until the parent closes its end.

    Answers are encoded here, since that takes longer than sending them, and the parent has hits to answer.

    Raises:
        EOFError, OSError: the parent has closed its end.
    """
    while True:
        pipe.send(_answered(predictor, cast("Sequence[Column]", pipe.receive()), lambda answers: answers.encode()))


def answer_side_by_side(pipe: Pipe, predictor: "Predictor", calls: int) -> None:
    """Answer numbered batches, `calls` at a time, until the parent sends None; raise as `answer_in_turn`.

    Answers are not encoded: the parent writes them to a file, column by column.
    """
    numbered: SimpleQueue[tuple[int, Sequence[Column]]] = SimpleQueue()
    for number in range(calls):
        Thread(target=_work, args=(pipe, predictor, numbered), name=f"model {number}", daemon=True).start()
    while (batch := pipe.receive()) is not None:
        numbered.put(cast("tuple[int, Sequence[Column]]", batch))


def _work(pipe: Pipe, predictor: "Predictor", numbered: "SimpleQueue[tuple[int, Sequence[Column]]]") -> None:
    while True:
        number, columns = numbered.get()
        answer = _answered(predictor, columns, lambda answers: answers)
        try:
            pipe.send((number, answer))
        except OSError:  # the parent is gone, and this process about to be
            return
        except Exception as exc:  # noqa: BLE001 - a thread that ended would leave its caller waiting
            failure = f"expected answers that can be sent to another process: {failure_text(exc)}"
            pipe.send((number, PredictionError(failure)))


def _answered(predictor: "Predictor", columns: "Sequence[Column]", form: "Callable[[Answers], object]") -> object:
    """Return the answers to a batch in a form that can be sent, or the error."""
    from foreseen.domain.values.batch import Batch  # noqa: PLC0415 - there since the model was loaded

    try:
        return form(predictor.predict(Batch(predictor.info.signature, tuple(columns))))
    except ForeseenError as exc:
        return exc
    except BaseException as exc:  # sys.exit() in a model fails one call, too
        log.exception("the model failed")
        return PredictionError(f"the model failed: {failure_text(exc)}")
