"""Decides how a model is called: the same way for the same file, libraries and CPU, whatever the load."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from foreseen.adapters.predictor.call_sizes.batch_invariance import ProbedModel, call_size, next_size
from foreseen.adapters.predictor.call_sizes.kept_call_sizes import KeptCallSizes, NothingKept
from foreseen.adapters.predictor.call_sizes.large_call_sizes import LargeCallSizes
from foreseen.adapters.predictor.call_sizes.row_independence import RowKnowledge, is_estimator
from foreseen.adapters.predictor.call_sizes.thread_limits import blas_kernels
from foreseen.domain.errors import ForeseenError
from foreseen.domain.identity.key import Fingerprint, fingerprint_as_called
from foreseen.domain.model.call_size import CallsFor, CallSize
from foreseen.domain.model.determinism import Determinism, determinism
from foreseen.domain.model.fixed_batch_size import ModelCaller, in_fixed_calls
from foreseen.domain.model.large_calls import RawModel, largest_equal_call
from foreseen.domain.values.probe import probe_batch
from foreseen.domain.values.signature import Signature

DECISION_VERSION: Final = 1
"""Part of the identity of a kept decision: raise it to have every decision made again."""


class _Caller(ModelCaller[Any], RawModel[Any], ProbedModel, Protocol):
    """The calls of a model that the decision makes."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a model is called, and whether its answers are deterministic then.

    Attributes:
        call_size: rows of each call.
        determinism: of answers in calls of that size.
    """

    call_size: CallSize
    determinism: Determinism


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What is known of a model's calls before it is loaded.

    Attributes:
        rows: rows of each call, as the operator set them: 0 for any number, None to decide it.
        calls_for: what the calls are for; used only where their size is decided.
        decided: the size that the process which started a run decided; None to decide it here.
    """

    rows: int | None = None
    calls_for: CallsFor = "requests"
    decided: CallSize | None = None


class CallDecision:
    """Decides from a model's parts, and from a fixed number of calls, how many rows each of its calls has."""

    def __init__(
        self,
        model: object,
        caller: _Caller,
        signature: Signature,
        *,
        knowledge: RowKnowledge,
        threads: int,
        called_again: object,
    ) -> None:
        """Accept a model and what calls it.

        Args:
            knowledge: what is revealed by the parts of the model, and by the objects that its own code refers to.
            called_again: the part of the model that is called with a fixed number of rows, which may be all of it.
        """
        self._caller = caller
        self._signature = signature
        self._threads = threads
        self._knowledge = knowledge
        self._is_estimator = is_estimator(model)
        self._called_again = called_again

    def behaviour(
        self, options: CallOptions, kept: KeptCallSizes | NothingKept, digest: Fingerprint, outputs: Sequence[str]
    ) -> Behaviour:
        """Return the behaviour in calls of the size that the options contain, that was kept, or that is decided now."""
        if options.rows is not None:
            return self._observed(CallSize(fixed=options.rows or None), is_given=True)
        if options.decided is not None:
            return self._observed(options.decided, is_given=True)
        behaviour = self._decided(kept, self._identity(digest, outputs), options.calls_for)
        return self._in_calls_of_its_own(behaviour) if options.calls_for == "files" else behaviour

    def _decided(self, kept: KeptCallSizes | NothingKept, identity: Fingerprint, calls_for: CallsFor) -> Behaviour:
        """Decide, and keep the decision. Large calls are slow to compare, and not worth it for requests."""
        known = kept.find(identity)
        size = known or call_size(self._caller, self._signature, self._knowledge, is_estimator=self._is_estimator)
        behaviour = self._observed(size, is_given=False)
        if calls_for != "requests":
            behaviour = replace(behaviour, call_size=self._compared(behaviour))
        size = behaviour.call_size
        is_new = known is None or (size, size.large) != (known, known.large)
        if is_new and behaviour.determinism.is_batch_invariant:
            kept.keep(identity, size)
        return behaviour

    def _compared(self, behaviour: Behaviour) -> CallSize:
        """Return the size, if it is fixed with the largest call that gives the same bits."""
        size = behaviour.call_size
        if size.fixed is None or size.fixed == 1 or size.large or not behaviour.determinism.is_repeatable:
            return size
        large = self._large_sizes(size.fixed)
        if not large.sizes:
            return replace(size, large=size.fixed)
        probe = probe_batch(self._signature, large.compared_rows)
        try:
            return replace(size, large=largest_equal_call(self._caller, probe, small=size.fixed, larger=large.sizes))
        except ForeseenError:  # it rejects made-up rows
            return replace(size, large=size.fixed)

    def _in_calls_of_its_own(self, behaviour: Behaviour) -> Behaviour:
        """Return the behaviour in large calls that give other bits than small ones, if no large call gives the same.

        Their size is part of the fingerprint, so that their entries are never mixed with those of small calls.
        """
        size = behaviour.call_size
        own = self._large_sizes(size.fixed).own if size.fixed and size.large == size.fixed else None
        if own is None:
            return behaviour
        found = self._observed(CallSize(fixed=own), is_given=True)
        return found if found.determinism.is_batch_invariant else behaviour

    def fingerprint(self, digest: Fingerprint, size: CallSize) -> Fingerprint:
        """Return the fingerprint of a model that is called with this size.

        If the model may multiply matrices, the BLAS kernel is part of it: that of another CPU gives other last bits.
        """
        multiplies = self._knowledge == "matrix" or (self._knowledge == "unknown" and size.fixed is not None)
        kernels = blas_kernels() if multiplies else ""
        return fingerprint_as_called(digest, size.canonical(), struct.pack("<Q", self._threads), kernels.encode())

    def _large_sizes(self, small: int) -> LargeCallSizes:
        return LargeCallSizes.of(self._called_again, self._signature, small=small)

    def _identity(self, digest: Fingerprint, outputs: Sequence[str]) -> Fingerprint:
        version = struct.pack("<QQ", DECISION_VERSION, self._threads)
        called = "\n".join(outputs).encode()
        return fingerprint_as_called(digest, version, self._signature.canonical(), called, blas_kernels().encode())

    def _observed(self, size: CallSize, *, is_given: bool) -> Behaviour:
        """Compare answers in calls of a size; unless it is given, in smaller calls while they depend on the batch."""
        found = determinism(lambda batch: in_fixed_calls(self._caller, size, batch), self._signature)
        depends_on_batch = found.is_repeatable and not found.is_batch_invariant
        smaller = next_size(size) if depends_on_batch and not is_given else None
        return Behaviour(size, found) if smaller is None else self._observed(smaller, is_given=False)
