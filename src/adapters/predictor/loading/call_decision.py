"""The decision how a model is called: the same for the same file, libraries and CPU, whatever the load."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from foreseen.adapters.predictor.loading.batch_invariance import ProbedModel, call_size, next_size
from foreseen.adapters.predictor.loading.kept_call_sizes import KeptCallSizes
from foreseen.adapters.predictor.loading.row_independence import is_estimator, row_knowledge
from foreseen.adapters.predictor.loading.threads import blas_kernels
from foreseen.domain.call_size import CallSize
from foreseen.domain.determinism import Determinism, determinism
from foreseen.domain.key import Fingerprint, fingerprint_as_called
from foreseen.domain.signature import Signature
from foreseen.domain.steady import ModelCaller, in_steady_calls

DECISION_VERSION: Final = 1
"""Part of what a kept decision is found by: decisions of an older version are made again."""


class _Caller(ModelCaller, ProbedModel, Protocol):
    """A model as this needs it."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a number of calls at load decided.

    Attributes:
        call_size: rows of each call.
        determinism: of the answers in calls of that size.
    """

    call_size: CallSize
    determinism: Determinism


class CallDecision:
    """Decides by a model's parts and by counted calls how many rows each of its calls has."""

    def __init__(self, model: Any, caller: _Caller, signature: Signature, *, threads: int) -> None:
        self._caller = caller
        self._signature = signature
        self._threads = threads
        self._knowledge = row_knowledge(model)
        self._is_estimator = is_estimator(model)

    def given(self, rows: int) -> Behaviour:
        """Return the behaviour in calls of as many rows as an operator chose, 0 for any number."""
        return self._observed(CallSize(fixed=rows or None), is_given=True)

    def decided(self, kept: KeptCallSizes, digest: Fingerprint, outputs: Sequence[str]) -> Behaviour:
        """Return the behaviour in calls of the size that was kept for this model, or that is decided and kept now."""
        identity = self._identity(digest, outputs)
        known = kept.find(identity)
        size = known or call_size(self._caller, self._signature, self._knowledge, is_estimator=self._is_estimator)
        behaviour = self._observed(size, is_given=False)
        if behaviour.call_size != known and behaviour.determinism.is_batch_invariant:
            kept.keep(identity, behaviour.call_size)
        return behaviour

    def fingerprint(self, digest: Fingerprint, size: CallSize) -> Fingerprint:
        """Return the digest of a model as it is called.

        The kernel that multiplies matrices is part of it where the model may do so: another CPU's has other last bits.
        """
        multiplies = self._knowledge == "matrix" or (self._knowledge == "unknown" and size.fixed is not None)
        kernels = blas_kernels() if multiplies else ""
        return fingerprint_as_called(digest, size.canonical(), struct.pack("<Q", self._threads), kernels.encode())

    def _identity(self, digest: Fingerprint, outputs: Sequence[str]) -> Fingerprint:
        version = struct.pack("<QQ", DECISION_VERSION, self._threads)
        called = "\n".join(outputs).encode()
        return fingerprint_as_called(digest, version, self._signature.canonical(), called, blas_kernels().encode())

    def _observed(self, size: CallSize, *, is_given: bool) -> Behaviour:
        """Compare answers in calls of a size, and in fewer rows where they depend on the batch."""
        found = determinism(lambda batch: in_steady_calls(self._caller, size, batch), self._signature)
        depends_on_batch = found.is_repeatable and not found.is_batch_invariant
        smaller = next_size(size) if depends_on_batch and not is_given else None
        return Behaviour(size, found) if smaller is None else self._observed(smaller, is_given=False)
