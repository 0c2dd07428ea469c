"""Loads an engine: it is built from a model's trees, compared with the library, and used for calls of few rows."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from foreseen.adapters.predictor.engines.break_even import SIZES, break_even
from foreseen.adapters.predictor.engines.engine_input import matrix_of_batch, transformed_matrix
from foreseen.adapters.predictor.engines.engine_predictor import EngineAnswer, EnginePredictor, engine_answer
from foreseen.adapters.predictor.engines.known_families import ENGINE_VERSION, build_engine
from foreseen.adapters.predictor.engines.tree_engine import NoEngineError, TreeEngine
from foreseen.adapters.predictor.engines.tree_part import TreePart, tree_part
from foreseen.adapters.predictor.engines.verification import VERIFIED, BitsDifferError, verify
from foreseen.adapters.predictor.scikit_learn.sklearn_predictor import SklearnPredictor
from foreseen.domain.errors import ForeseenError
from foreseen.domain.model.engine_use import EngineUse
from foreseen.domain.model.fixed_batch_size import FixedSizePredictor
from foreseen.domain.model.model_failure import failure_text
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.probe import probe_batch

log = logging.getLogger(__name__)

EngineChoice = Literal["auto", "library"]

_PROBED: Final = 256
"""Number of compared instances that pass through the whole model, such as the transformers of a pipeline."""

_NODE_BYTES: Final = 105
"""Approximate size of one of treelite's nodes: 85 to 110 were measured, depending on the family and the classes."""


def with_engine(
    path: Path, model: object, caller: SklearnPredictor, library: Predictor, choice: EngineChoice
) -> Predictor:
    """Return a predictor that uses an engine if the model has one with equal bits, else one that uses the library.

    Args:
        path: the model file, for the log.
        caller: calls the library.
        choice: auto, or library to use no engine.
    """
    try:
        if choice == "library":
            raise NoEngineError("as chosen")
        part = tree_part(model)
        engine = build_engine(part.trees)
        return _verified(part, engine, caller, library)
    except NoEngineError as exc:
        reason = str(exc)
        log.debug("%s: no engine: %s", path, reason)
    except BitsDifferError as exc:
        reason = "the engine's bits differ"
        log.warning("%s: the library computes every answer, since with the engine %s", path, exc)
    except Exception as exc:  # noqa: BLE001 - the library answers, whatever happened to the engine
        reason = "the engine could not be compared"
        log.warning("%s: the library computes every answer, since %s: %s", path, reason, failure_text(exc))
    return FixedSizePredictor(caller, replace(library.info, engine=EngineUse(reason=reason)))


def _verified(part: TreePart, engine: TreeEngine, caller: SklearnPredictor, library: Predictor) -> EnginePredictor:
    served = [output.name for output in caller.outputs]
    if absent := [name for name in served if name not in engine.methods]:
        raise NoEngineError(f"the engine has no {absent[0]}")
    info = library.info
    if part.transformer is None:
        matrix = matrix_of_batch(info.model_input, info.signature)
    else:
        matrix = transformed_matrix(caller, part.transformer)
    verify(engine, part.trees, engine.methods, VERIFIED - _PROBED)
    answer = engine_answer(engine, matrix, caller)
    try:
        _verify_whole_way(answer, library)
        max_rows = _measured(answer, library)
    except ForeseenError as exc:
        raise NoEngineError(f"the model rejects made-up instances: {exc}") from exc
    if not max_rows:
        raise NoEngineError("which is faster")
    size_bytes = engine.nodes * _NODE_BYTES
    engine.trees = ()  # a third copy, which only verification needs
    return EnginePredictor(library, answer, EngineUse(f"treelite {ENGINE_VERSION}", "", VERIFIED, max_rows, size_bytes))


def _verify_whole_way(answer: EngineAnswer, library: Predictor) -> None:
    """Compare answers to made-up instances by bytes; raise BitsDifferError, or ForeseenError as the library."""
    probe = probe_batch(library.info.signature, _PROBED)
    expected = library.predict(probe).encode().comparable
    for rows in (*([place] for place in range(32)), range(32, 40), range(40, _PROBED)):
        found = answer(probe.take(rows))
        if found is None:
            raise NoEngineError("it has no numbers for made-up instances")
        if found.encode().comparable != [expected[row] for row in rows]:
            raise BitsDifferError(f"an answer to made-up instances {rows[0]} to {rows[-1]} differs")


def _measured(answer: EngineAnswer, library: Predictor) -> int:
    probe = probe_batch(library.info.signature, SIZES[-1])
    parts: dict[int, Batch] = {}

    def part(rows: int) -> Batch:
        if rows not in parts:
            parts[rows] = probe.take(range(rows))
        return parts[rows]

    size = library.info.call_size
    return break_even(
        lambda rows: answer(part(rows)),
        lambda rows: library.predict(part(rows)),
        largest=SIZES[-1] if size.fixed is None else size.sizes[-1],
    )
