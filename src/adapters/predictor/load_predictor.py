"""Load: from a model file to a predictor that is ready to answer."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from foreseen.adapters.predictor.call_sizes.call_decision import CallDecision, CallOptions
from foreseen.adapters.predictor.call_sizes.kept_call_sizes import KeptCallSizes
from foreseen.adapters.predictor.call_sizes.row_independence import is_estimator
from foreseen.adapters.predictor.call_sizes.separable_first_steps import steps_of
from foreseen.adapters.predictor.call_sizes.thread_limits import ThreadLimit
from foreseen.adapters.predictor.model_file.model_file import open_model_file
from foreseen.adapters.predictor.model_file.pinned_digest import pinned_digest
from foreseen.adapters.predictor.object_graph import parts
from foreseen.adapters.predictor.own_code.isolated_load import isolated_load, withdraw_with
from foreseen.adapters.predictor.provenance.provenance import is_of_scikit_learn, provenance
from foreseen.adapters.predictor.provenance.read_files import ReadFiles
from foreseen.adapters.predictor.scikit_learn.inputs.input_plan import InputPlan
from foreseen.adapters.predictor.scikit_learn.model_description import describe, find_sidecar
from foreseen.adapters.predictor.scikit_learn.sklearn_predictor import SklearnPredictor
from foreseen.adapters.predictor.unpickling.outdated_model import outgrown_refused
from foreseen.adapters.predictor.unpickling.saved_version import refuse_old_scikit_learn
from foreseen.adapters.predictor.unpickling.unpickle import unpickle
from foreseen.domain.errors import ForeseenError, ModelUnavailableError, UnanswerableError
from foreseen.domain.identity.key import fingerprint
from foreseen.domain.model.call_size import CallsFor, CallSize
from foreseen.domain.model.determinism import ROWS
from foreseen.domain.model.fixed_batch_size import SteadyPredictor
from foreseen.domain.model.model_failure import failure_text
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.probe import probe_batch
from foreseen.domain.values.signature import Signature

log = logging.getLogger(__name__)


def load_predictor(
    path: Path,
    *,
    outputs: Sequence[str] = ("predict",),
    features: Sequence[str] | None = None,
    missing: Sequence[str] | None = None,
    sidecar: Path | None = None,
    finds_sidecar: bool = True,
    sha256: str | None = None,
    rows_per_call: int | None = None,
    calls_for: CallsFor = "requests",
    decided: CallSize | None = None,
    threads: int = 1,
    code: Path | None = None,
) -> SteadyPredictor:
    """Load a model that joblib or pickle saved.

    Args:
        outputs: methods to ask, of "predict" and "predict_proba".
        features: names of its inputs, above what the sidecar or the model say.
        missing: names of those that may be missing, above what the sidecar or the model say.
        sidecar: a TOML file that describes its inputs, and lists files that its code reads.
        finds_sidecar: whether the one beside the model is read where none is named.
        sha256: hex digest that the file must have, checked before a byte of it is unpickled; or a file that holds it.
        rows_per_call: rows of each model call; 0 for any, None for as many as keep every bit.
        calls_for: what it is loaded for, where that number is not given.
        decided: how it is called, as was decided where a run was started; None to decide it here.
        threads: of the libraries that compute.
        code: the script that defines the classes which the file knows as those of `__main__`.
    Raises:
        ModelUnavailableError: it cannot be read, loaded or described, or lacks one of these outputs.
    """
    refuse_old_scikit_learn()
    limit = ThreadLimit(threads)
    read = find_sidecar(path, sidecar) if finds_sidecar else sidecar
    with _failures_named(path):
        calls = CallOptions(rows_per_call, calls_for, decided)
        return _loaded(
            path,
            limit,
            outputs,
            features,
            read,
            sha256,
            missing=missing or (),
            calls=calls,
            threads=threads,
            code=code,
        )


@contextmanager
def _failures_named(path: Path) -> Iterator[None]:
    """Name the file in whatever a model's own code raises beside its methods, in properties and setters."""
    try:
        yield
    except ForeseenError:
        raise
    except Exception as exc:
        log.debug("%s", path, exc_info=True)
        raise ModelUnavailableError(f"{path}: expected a model that can be loaded: {failure_text(exc)}") from exc


def _loaded(
    path: Path,
    limit: ThreadLimit,
    outputs: Sequence[str],
    features: Sequence[str] | None,
    sidecar: Path | None,
    sha256: str | None,
    *,
    missing: Sequence[str],
    calls: CallOptions,
    threads: int,
    code: Path | None,
) -> SteadyPredictor:
    files = ReadFiles.listed_in(sidecar)
    pinned = None if sha256 is None else pinned_digest(sha256, path)
    with isolated_load(code, model=path) as own:
        with open_model_file(path, pinned_sha256=pinned) as file:
            model = unpickle(file, own.builtins)
        _refuse_unless_fitted(path, model)
        _force_one_thread(model)
        limit.apply_to_loaded()
        call = partial(_called, path, model, outputs, limit)
        described = describe(model, model_path=path, names=features, sidecar_path=sidecar, call=call, missing=missing)
        signature, model_input = described.signature, described.model_input
        for doubt in model_input.doubts:
            log.warning("%s: %s", path, doubt)
        steps = steps_of(model)
        try:
            caller = SklearnPredictor(
                model,
                steps=None if steps is None else (steps.first, steps.rest),
                signature=signature,
                model_input=model_input,
                outputs=outputs,
                is_thread_safe=is_of_scikit_learn(model),
                before_call=limit.apply,
            )
        except ModelUnavailableError as exc:
            raise ModelUnavailableError(f"{path}: {exc}") from exc
        _call_first(path, caller, signature)
        known = provenance(model, own, files)
        form = {"form of the input": model_input.canonical()}  # given in another, the same model may answer otherwise
        digest = fingerprint(file.digest, known.versions, {**known.sources, **form})
        decision = CallDecision(
            model, caller, signature, threads=threads, called_again=model if steps is None else steps.rest
        )
        behaviour = decision.behaviour(calls, KeptCallSizes(path), digest, outputs)
        info = ModelInfo(
            fingerprint=decision.fingerprint(digest, behaviour.call_size),
            signature=signature,
            outputs=tuple(outputs),
            versions=known.versions,
            call_size=behaviour.call_size,
            determinism=behaviour.determinism,
            model_input=model_input,
            is_thread_safe=caller.is_thread_safe,
        )
        withdraw_with(own, caller)
    log.debug("%s is called with %s", path, info.call_size)
    return SteadyPredictor(caller, info)


def _called(
    path: Path, model: Any, outputs: Sequence[str], limit: ThreadLimit, plan: InputPlan, batch: Batch
) -> list[bytes]:
    """Call a model with a batch in the form of a plan, and return the encoded answers; raise as a predictor."""
    caller = SklearnPredictor(
        model, signature=plan.signature, model_input=plan.model_input, outputs=outputs, before_call=limit.apply
    )
    with outgrown_refused(path):
        return caller.predict(batch).encode()


def _call_first(path: Path, caller: SklearnPredictor, signature: Signature) -> None:
    """Have the model import whatever it imports when it predicts: its own modules are part of what identifies it.

    Raises:
        ModelUnavailableError: the model answers with what JSON has nothing for, or lacks what its library expects.
    """
    for n in (1, ROWS):
        try:
            with outgrown_refused(path):
                caller.predict(probe_batch(signature, n))
            return
        except (ModelUnavailableError, UnanswerableError) as exc:
            raise ModelUnavailableError(f"{path}: {exc}") from exc
        except ForeseenError as exc:
            log.debug("%s: the model refuses %s made-up instances: %s", path, n, exc)


def _refuse_unless_fitted(path: Path, model: Any) -> None:
    # Only scikit-learn's own are held to its convention; a user's estimator may keep what it learned under any name.
    if not is_estimator(model) or not type(model).__module__.startswith("sklearn."):
        return
    from sklearn.exceptions import NotFittedError  # noqa: PLC0415 - a second, and a model without it needs none
    from sklearn.utils.validation import check_is_fitted  # noqa: PLC0415 - as above

    try:
        check_is_fitted(model)
    except NotFittedError:
        raise ModelUnavailableError(
            f"{path}: expected a fitted model, got {type(model).__name__} as it is before fit"
        ) from None


def _force_one_thread(model: Any) -> None:
    """Set n_jobs to 1 all through: threads add up a forest's trees in any order, which changes the last bits."""
    for part in parts(model):
        if not isinstance(part, type) and getattr(part, "n_jobs", 1) != 1:
            try:
                part.n_jobs = 1
            except AttributeError:  # read-only, and its own matter
                log.warning(
                    "n_jobs of %s cannot be set to 1: answers may differ in their last bits",
                    type(part).__name__,
                )
