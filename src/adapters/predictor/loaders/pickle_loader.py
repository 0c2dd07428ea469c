"""PickleLoader: loads the objects that joblib or pickle saved, scikit-learn's and those of a class of one's own."""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from foreseen.adapters.predictor.call_sizes.call_decision import CallDecision
from foreseen.adapters.predictor.call_sizes.kept_call_sizes import KeptCallSizes
from foreseen.adapters.predictor.call_sizes.row_independence import is_estimator
from foreseen.adapters.predictor.call_sizes.separable_first_steps import steps_of
from foreseen.adapters.predictor.call_sizes.thread_limits import ThreadLimit
from foreseen.adapters.predictor.formats.recognise_format import may_be_pickle
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.object_graph import parts
from foreseen.adapters.predictor.own_code.isolated_load import isolated_load, withdraw_with
from foreseen.adapters.predictor.provenance.libraries import Provenance
from foreseen.adapters.predictor.provenance.provenance import is_of_scikit_learn, provenance
from foreseen.adapters.predictor.provenance.read_files import ReadFiles
from foreseen.adapters.predictor.scikit_learn.inputs.input_plan import InputPlan
from foreseen.adapters.predictor.scikit_learn.model_description import Description, describe
from foreseen.adapters.predictor.scikit_learn.sklearn_predictor import SklearnPredictor
from foreseen.adapters.predictor.unpickling.outdated_model import outgrown_refused
from foreseen.adapters.predictor.unpickling.saved_version import refuse_old_scikit_learn
from foreseen.adapters.predictor.unpickling.unpickle import unpickle
from foreseen.domain.errors import ForeseenError, ModelUnavailableError, UnanswerableError
from foreseen.domain.identity.key import fingerprint
from foreseen.domain.model.determinism import ROWS
from foreseen.domain.model.fixed_batch_size import SteadyPredictor
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.probe import probe_batch
from foreseen.domain.values.signature import Signature

log = logging.getLogger(__name__)

LIBRARIES: Final = ("numpy", "scikit-learn", "scipy")
"""Distributions that are part of the fingerprint of every model of this format, whatever it is made of."""


class PickleLoader:
    """Loads any object with `predict`; which runs what the writer of the file put into it."""

    saved_by = ("joblib", "pickle")

    def can_load(self, head: bytes) -> bool:
        """Return True for all that does not begin as another format does: pickles have no first bytes of their own."""
        return may_be_pickle(head)

    def load(self, file: ModelFile, options: LoadOptions) -> SteadyPredictor:
        """Unpickle, describe and try a model, and decide how it is called."""
        refuse_old_scikit_learn()
        limit = ThreadLimit(options.threads)
        files = ReadFiles.listed_in(options.sidecar)
        with isolated_load(options.code, model=file.path) as own:
            model = unpickle(file, own.builtins)
            _refuse_unless_fitted(file.path, model)
            _force_one_thread(model)
            limit.apply_to_loaded()
            described = _described(file.path, model, options, limit)
            steps = steps_of(model)
            try:
                caller = SklearnPredictor(
                    model,
                    steps=None if steps is None else (steps.first, steps.rest),
                    signature=described.signature,
                    model_input=described.model_input,
                    outputs=options.outputs,
                    is_thread_safe=is_of_scikit_learn(model),
                    before_call=limit.apply,
                )
            except ModelUnavailableError as exc:
                raise ModelUnavailableError(f"{file.path}: {exc}") from exc
            _call_first(file.path, caller, described.signature)
            known = provenance(model, own, files, always=LIBRARIES)
            called_again = model if steps is None else steps.rest
            info = _info(file, model, caller, described, known, options, called_again=called_again)
            withdraw_with(own, caller)
        log.debug("%s is called with %s", file.path, info.call_size)
        return SteadyPredictor(caller, info)


def _described(path: Path, model: Any, options: LoadOptions, limit: ThreadLimit) -> Description:
    """Return what the model takes, and log what is doubtful about it."""
    described = describe(
        model,
        model_path=path,
        names=options.features,
        sidecar_path=options.sidecar,
        call=partial(_called, path, model, options.outputs, limit),
        missing=options.missing,
    )
    for doubt in described.model_input.doubts:
        log.warning("%s: %s", path, doubt)
    return described


def _info(
    file: ModelFile,
    model: Any,
    caller: SklearnPredictor,
    described: Description,
    known: Provenance,
    options: LoadOptions,
    *,
    called_again: Any,
) -> ModelInfo:
    """Identify a model that was tried, and decide how it is called."""
    signature, model_input = described.signature, described.model_input
    form = {"form of the input": model_input.canonical()}  # given in another, the same model may answer otherwise
    digest = fingerprint(file.digest, known.versions, {**known.sources, **form})
    decision = CallDecision(model, caller, signature, threads=options.threads, called_again=called_again)
    behaviour = decision.behaviour(options.calls, KeptCallSizes(file.path), digest, options.outputs)
    return ModelInfo(
        fingerprint=decision.fingerprint(digest, behaviour.call_size),
        signature=signature,
        outputs=caller.outputs,
        versions=known.versions,
        call_size=behaviour.call_size,
        determinism=behaviour.determinism,
        model_input=model_input,
        is_thread_safe=caller.is_thread_safe,
    )


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
