"""Objects with `predict`, of scikit-learn's classes and of the user's own, whichever format they were read from."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from inspect import getattr_static
from pathlib import Path
from typing import Final, Protocol, TypeAlias, cast

from foreseen.adapters.predictor.boosters.native_classifier import Label, by_objective, declared_labels
from foreseen.adapters.predictor.call_sizes.call_decision import CallDecision
from foreseen.adapters.predictor.call_sizes.kept_call_sizes import KeptCallSizes, NothingKept
from foreseen.adapters.predictor.call_sizes.row_independence import is_estimator, row_knowledge
from foreseen.adapters.predictor.call_sizes.separable_first_steps import steps_of
from foreseen.adapters.predictor.call_sizes.thread_limits import ThreadLimit
from foreseen.adapters.predictor.engines.load_engine import with_engine
from foreseen.adapters.predictor.library_model import LibraryModel
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.object_graph import parts
from foreseen.adapters.predictor.own_code.isolated_load import isolated_load, withdraw_with
from foreseen.adapters.predictor.own_code.own_modules import OwnModules
from foreseen.adapters.predictor.provenance.libraries import Provenance
from foreseen.adapters.predictor.provenance.objects_behind import objects_behind
from foreseen.adapters.predictor.provenance.provenance import is_of_scikit_learn, provenance
from foreseen.adapters.predictor.provenance.read_files import ReadFiles
from foreseen.adapters.predictor.scikit_learn.inputs.input_plan import InputPlan
from foreseen.adapters.predictor.scikit_learn.model_description import Description, describe
from foreseen.adapters.predictor.scikit_learn.outputs.method_outputs import has_outputs
from foreseen.adapters.predictor.scikit_learn.sklearn_predictor import SklearnPredictor
from foreseen.adapters.predictor.unpickling.not_a_model import no_model
from foreseen.adapters.predictor.unpickling.outdated_model import outdated_rejected
from foreseen.adapters.predictor.unpickling.saved_version import require_recent_scikit_learn
from foreseen.domain.errors import ForeseenError, ModelUnavailableError, UnanswerableError
from foreseen.domain.identity.key import fingerprint
from foreseen.domain.model.determinism import ROWS
from foreseen.domain.model.fixed_batch_size import FixedSizePredictor
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.probe import probe_batch
from foreseen.domain.values.signature import Signature

log = logging.getLogger(__name__)

LIBRARIES: Final = ("numpy", "scikit-learn", "scipy")
"""Distributions that are part of the fingerprint of every model of scikit-learn's kind, whatever it is made of."""

BOOSTER_LIBRARIES: Final = ("numpy",)
"""Those of a Booster in its library's own file, which need not be of scikit-learn's kind; its library is found as its
own module's, since several distributions have one of that name."""

MakeObject: TypeAlias = Callable[[OwnModules], object]
"""Makes an object, given the own modules of its load; raises as `ModelLoader.load`."""

ReadObject: TypeAlias = Callable[[ModelFile, dict[str, object]], object]
"""Reads the object of a file, given the builtins of its functions; raises as `ModelLoader.load`."""


def predictor_of_object(
    file: ModelFile,
    options: LoadOptions,
    read: ReadObject,
    loaded_from: LoadedFormat,
    *,
    libraries: Sequence[str] = LIBRARIES,
) -> Predictor:
    """Read the object of a file, describe and try it, and decide how it is called; raise as `ModelLoader.load`.

    Args:
        libraries: distributions that are part of the fingerprint, whatever the object is made of.
    """
    return predictor_of_code(
        file,
        options,
        lambda own: read(file, own.builtins),
        loaded_from,
        kept_beside=file.named,
        libraries=libraries,
    )


def predictor_of_code(
    file: ModelFile,
    options: LoadOptions,
    make: MakeObject,
    loaded_from: LoadedFormat,
    *,
    kept_beside: Path | None,
    folder: Path | None = None,
    libraries: Sequence[str] = LIBRARIES,
    options_for: Callable[[object], LoadOptions] | None = None,
    within: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Predictor:
    """Make an object, describe and try it, and decide how it is called; raise as `ModelLoader.load`.

    Args:
        kept_beside: the file beside which it is kept how the object is called; None to decide that in each load.
        folder: where own modules are found besides the usual places.
        libraries: distributions that are part of the fingerprint, whatever the object is made of.
        options_for: returns the options with what the object itself says of its inputs; None if it says nothing.
        within: returns what is entered while own code is executed and the object is made and tried.
    """
    require_recent_scikit_learn()
    limit = ThreadLimit(options.threads)
    files = ReadFiles.listed_in(options.sidecar)
    modules = options.folder.code if options.folder else None
    with isolated_load(options.code, model=file.path, modules=modules, folder=folder, within=within) as own:
        model = make(own)
        options = options if options_for is None else options_for(model)
        _reject_unless_model(file.path, model, options.outputs)
        model = _by_objective(file.path, model, options)
        _reject_unless_fitted(file.path, model)
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
                is_thread_safe=model.is_thread_safe if isinstance(model, LibraryModel) else is_of_scikit_learn(model),
                before_call=limit.apply,
            )
        except ModelUnavailableError as exc:
            raise ModelUnavailableError(f"{file.path}: {exc}") from exc
        _call_first(file.path, caller, described.signature)
        behind = objects_behind(model, own)  # after that call, in which code may have made some
        _force_one_thread(behind)
        whole = [model, *behind] if behind else model
        known = provenance(whole, own, files, always=libraries)
        decision = CallDecision(
            model,
            caller,
            described.signature,
            knowledge=row_knowledge(whole),
            threads=options.threads,
            called_again=model if steps is None else steps.rest,
        )
        kept = NothingKept() if kept_beside is None else KeptCallSizes(kept_beside)
        info = _info(file, model, caller, described, known, options, decision, kept)
        info = replace(info, loaded_from=options.loaded_from(loaded_from))
        withdraw_with(own, caller)
    log.debug("%s is called with %s", file.path, info.call_size)
    return with_engine(file.path, model, caller, FixedSizePredictor(caller, info), options.engine)


def _reject_unless_model(path: Path, found: object, outputs: Sequence[str]) -> None:
    can_answer = callable(getattr(found, "predict", None)) or has_outputs(found, outputs)
    if isinstance(found, type) or not can_answer:
        raise ModelUnavailableError(f"{path}: {no_model(found)}")


def _by_objective(path: Path, model: object, options: LoadOptions) -> object:
    """Return a Booster as what it was trained to be, with the labels that a sidecar declares."""
    sidecar = None if options.features else options.sidecar

    def declared() -> Sequence[Label] | None:
        if sidecar is None:
            return None
        from foreseen.adapters.predictor.sidecar.sidecar import read_sidecar  # noqa: PLC0415 - with pydantic, which few models need

        return read_sidecar(sidecar).classes

    try:
        return by_objective(model, declared)
    except ValueError as exc:
        raise ModelUnavailableError(f"{sidecar or path}: {exc}") from exc


def _described(path: Path, model: object, options: LoadOptions, limit: ThreadLimit) -> Description:
    """Return what the model accepts, and log what is doubtful about it."""
    described = describe(
        model,
        model_path=path,
        names=options.features,
        sidecar_path=options.sidecar,
        call=partial(_called, path, model, options.outputs, limit),
        missing=options.missing,
        known=options.known_input,
    )
    for doubt in described.model_input.doubts:
        log.warning("%s: %s", path, doubt)
    return described


def _info(
    file: ModelFile,
    model: object,
    caller: SklearnPredictor,
    described: Description,
    known: Provenance,
    options: LoadOptions,
    decision: CallDecision,
    kept: KeptCallSizes | NothingKept,
) -> ModelInfo:
    """Decide how a model is called, and return it with its fingerprint."""
    signature, model_input = described.signature, described.model_input
    form = {"form of the input": model_input.canonical()}  # in another form, it may answer differently
    others = model.depends_on if isinstance(model, LibraryModel) else declared_labels(model)
    digest = fingerprint(file.digest, known.versions, {**known.sources, **form, **others})
    behaviour = decision.behaviour(options.calls, kept, digest, options.outputs)
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
    path: Path, model: object, outputs: Sequence[str], limit: ThreadLimit, plan: InputPlan, batch: Batch
) -> list[bytes]:
    """Call a model with a batch in the form of a plan, and return the encoded answers; raise like a predictor."""
    caller = SklearnPredictor(
        model, signature=plan.signature, model_input=plan.model_input, outputs=outputs, before_call=limit.apply
    )
    with outdated_rejected(path):
        return caller.predict(batch).encode().bodies


def _call_first(path: Path, caller: SklearnPredictor, signature: Signature) -> None:
    """Make the model import whatever it imports when it predicts: its own modules are part of its fingerprint.

    Raises:
        ModelUnavailableError: the model answers with values that JSON cannot express, or lacks what its library
        expects.
    """
    for n in (1, ROWS):
        try:
            with outdated_rejected(path):
                caller.predict(probe_batch(signature, n))
            return
        except (ModelUnavailableError, UnanswerableError) as exc:
            raise ModelUnavailableError(f"{path}: {exc}") from exc
        except ForeseenError as exc:
            log.debug("%s: the model rejects %s made-up instances: %s", path, n, exc)


def _reject_unless_fitted(path: Path, model: object) -> None:
    # Only for scikit-learn's own classes: a user's estimator may keep what it learned under any name.
    if not is_estimator(model) or not type(model).__module__.startswith("sklearn."):
        return
    from sklearn.exceptions import NotFittedError  # noqa: PLC0415 - takes a second, and other models do without
    from sklearn.utils.validation import check_is_fitted  # noqa: PLC0415 - as above

    try:
        check_is_fitted(model)
    except NotFittedError:
        raise ModelUnavailableError(
            f"{path}: expected a fitted model, got {type(model).__name__} that is not fitted"
        ) from None


_ABSENT: Final = object()


class _Parallel(Protocol):
    n_jobs: int | None


def _takes_other_jobs(part: object) -> bool:
    """Return whether a part has an `n_jobs` other than 1; what answers any name, such as `col` of polars, has none."""
    if getattr_static(part, "n_jobs", _ABSENT) is _ABSENT:
        return False
    jobs: object = cast("_Parallel", part).n_jobs
    return jobs is None or (isinstance(jobs, int) and jobs != 1)


def _force_one_thread(model: object) -> None:
    """Set n_jobs to 1 in every part: threads sum a forest's trees in any order, which changes the last bits."""
    for part in parts(model):
        if not isinstance(part, type) and _takes_other_jobs(part):
            try:
                cast("_Parallel", part).n_jobs = 1
            except AttributeError:  # it is read-only
                log.warning(
                    "n_jobs of %s cannot be set to 1: answers may differ in their last bits",
                    type(part).__name__,
                )
