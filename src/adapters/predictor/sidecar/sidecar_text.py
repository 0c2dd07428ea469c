"""Sidecar text: a generated sidecar with what was found of a model, for an operator to correct."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from foreseen.adapters.predictor.sidecar.training_sample import SampledColumn
from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.model.model_input import ANY_NUMBER, DECLARED, ColumnForm
from foreseen.domain.values.feature_values import read_value
from foreseen.domain.values.signature import DTYPES, Feature

MOST_CATEGORIES: Final = 1000
"""Maximum number of categories that are written; more are left to the model."""

GUESSED: Final = "GUESSED"
"""Marks a dtype that is a guess."""


def sidecar_text(
    info: ModelInfo,
    sample: Mapping[str, SampledColumn],
    *,
    files: Sequence[str] = (),
    comments: Mapping[str, str] | None = None,
) -> str:
    """Return the TOML text that describes a model, with a comment at every guess.

    Args:
        sample: columns of training data by name, which override guesses.
        files: patterns of files that the model's code reads.
        comments: beside each dtype in the sidecar that the model was loaded with, by the feature's name.
    """
    lines = [
        "# What was found about the model. Lines that are removed are found again; docs/models.md explains each key.",
        f"kind = {_toml(info.signature.kind)}",
        f"takes = {_toml(info.model_input.takes)}",
        f"extra_fields = {_toml(info.signature.extra_fields)}",
    ]
    if info.signature.has_numbered_names:
        lines.append("# The model has no names: replace x0, x1, … by your own, in this order.")
    for feature, form in zip(info.signature.features, info.model_input.by_feature(info.signature), strict=True):
        sampled = sample.get(form.name) or sample.get(feature.name)
        lines += ["", "[[features]]", *_feature(feature, _as_first_known(feature, form, comments or {}), sampled)]
    if files:
        lines += ["", "[fingerprint]", f"files = {_toml(list(files))}"]
    return "\n".join(lines) + "\n"


def _as_first_known(feature: Feature, form: ColumnForm, comments: Mapping[str, str]) -> ColumnForm:
    """Return a form that a sidecar declares with the origin in its comment there: a guess stays one."""
    if form.origin != DECLARED or feature.name not in comments:
        return form
    comment = comments[feature.name]
    return replace(form, origin=comment, is_guess=comment.startswith(GUESSED))


def _feature(feature: Feature, form: ColumnForm, sampled: SampledColumn | None) -> Iterator[str]:
    yield f"name = {_toml(feature.name)}"
    if feature.shape:
        yield f"shape = {_toml(list(feature.shape))}"
    yield from _dtype(feature, form, sampled)
    if sampled is not None and sampled.has_missing and not feature.missing:
        yield "missing = true  # the sample has rows without it"
    else:
        yield f"missing = {_toml(feature.missing)}"
    yield f"example = {_toml(_example(feature, form, sampled))}"


def _example(feature: Feature, form: ColumnForm, sampled: SampledColumn | None) -> object:
    """Return a value of the sample, unless the feature has another dtype."""
    if sampled is None or sampled.example is None or feature.shape:
        return feature.default_example()
    if not _decides(sampled, feature, form):
        try:
            read_value(feature, sampled.example)
        except InvalidBatchError:
            return feature.default_example()
    return sampled.example


def _dtype(feature: Feature, form: ColumnForm, sampled: SampledColumn | None) -> Iterator[str]:
    if sampled is not None and _decides(sampled, feature, form):
        yield f"dtype = {_toml(sampled.dtype)}  # as the sample has it"
        if sampled.categories:
            yield f"categories = {_toml(list(sampled.categories))}"
        return
    if form.dtype == "category" and len(form.categories) > MOST_CATEGORIES:
        yield f'# dtype = "category": {len(form.categories)} categories, which the model keeps'
        return
    yield f"dtype = {_toml(_declared(feature, form))}  # {_reason(form, sampled)}"
    if form.dtype == "category":
        yield f"categories = {_toml(list(form.categories))}"
        if form.is_ordered:
            yield "ordered = true"


def _decides(sampled: SampledColumn, feature: Feature, form: ColumnForm) -> bool:
    """Return whether the sample decides how a feature is declared: only if nothing else reveals its dtype.

    In a CSV file dates and categories are texts, and integers may be followed by fractions.
    """
    return sampled.dtype is not None and (form.is_guess or not form.origin) and not feature.shape


def _declared(feature: Feature, form: ColumnForm) -> str:
    """Return the dtype by which a sidecar declares a form, or the feature's own if the form has no such name."""
    is_of_pandas = form.dtype not in (*DTYPES, "object", "float16")
    return form.dtype if is_of_pandas else feature.dtype


def _reason(form: ColumnForm, sampled: SampledColumn | None) -> str:
    if form.is_guess:
        return f"{GUESSED}: nothing says what the model was fitted on; correct it if it was something else"
    if form.origin == ANY_NUMBER and sampled is not None and sampled.dtype not in (None, form.dtype):
        return f"{ANY_NUMBER}; the sample has {sampled.dtype}"
    return form.origin or "known"


def _toml(value: object) -> str:
    """Write a value as TOML: text, numbers, bools and lists of them are written as in JSON."""
    return json.dumps(value, ensure_ascii=False)
