"""Determinism: whether a model gives the same instance the same answer again, and beside others."""

from dataclasses import dataclass

from foreseen.domain.errors import ForeseenError
from foreseen.domain.ports import Predictor
from foreseen.domain.probe import probe_batch


@dataclass(frozen=True, slots=True)
class Determinism:
    """What a few made-up instances showed.

    Attributes:
        is_repeatable: the same batch got the same bytes twice.
        is_batch_invariant: each instance alone got the bytes that it got among the others.
        refusal: why the model could not be asked; empty when it could.
    """

    is_repeatable: bool
    is_batch_invariant: bool
    refusal: str = ""


def determinism(predictor: Predictor, *, rows: int = 8) -> Determinism:
    """Ask a model for the same instances together, together again, and one by one."""
    try:
        batch = probe_batch(predictor.signature, rows)
        together = predictor.predict(batch).encode()
        again = predictor.predict(batch).encode()
        alone = [predictor.predict(batch.take([row])).encode()[0] for row in range(rows)]
    except ForeseenError as exc:
        return Determinism(is_repeatable=False, is_batch_invariant=False, refusal=str(exc))
    return Determinism(is_repeatable=together == again, is_batch_invariant=together == alone)
