"""The labels of a classifier, and the text of each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from foreseen.adapters.predictor.scikit_learn.outputs.json_values import is_missing, json_value, text_of
from foreseen.domain.errors import UnanswerableError
from foreseen.domain.values.json_type import Json


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one output.

    Attributes:
        texts: of each label, in the model's order, all different.
        by_value: the text of each label that is not missing, by its JSON value; 1.0 finds the class 1.
        values: the JSON value of each label, in the same order: None where it is missing, the text of a list or dict.
    """

    texts: tuple[str, ...]
    by_value: dict[Json, str]
    values: tuple[str | int | float | bool | None, ...] = ()

    @classmethod
    def of(cls, classes: Iterable[object]) -> Self:
        """Return the labels of one output, from those in a model.

        Raises:
            ValueError: two of them have the same text, or one has none.
        """
        labels = list(classes)
        try:
            values = [json_value(label) for label in labels]
        except UnanswerableError as exc:
            raise ValueError(f"classes_: {exc}") from exc
        by_text: dict[str, object] = {}
        by_value: dict[Json, str] = {}
        for label, value in zip(labels, values, strict=True):
            text = text_of(value)
            if text in by_text or _hashable(value) in by_value:
                other = by_text[text] if text in by_text else by_text[by_value[_hashable(value)]]
                raise ValueError(
                    f"classes_: expected labels that differ as text, got {other!r} and {label!r}; train the model with "
                    "labels of one type"
                )
            by_text[text] = label
            if not is_missing(value):
                by_value[_hashable(value)] = text
        return cls(tuple(by_text), by_value, tuple(map(_scalar, values)))

    def of_rows(self, values: Sequence[Json]) -> list[Json]:
        """Return each row's label, also if the classifier put it into a list of one."""
        try:
            return [self.by_value[value] for value in values]
        except (KeyError, TypeError):  # some are not classes
            return [self._of_row(value) for value in values]

    def label(self, value: Json) -> Json:
        """Return a label as text, null where it is missing; a list or dict, which is not a label, unchanged."""
        if isinstance(value, list | dict):
            return self.by_value.get(_hashable(value), value)
        if is_missing(value):
            return None
        return self.by_value.get(value) or text_of(value)

    def _of_row(self, value: Json) -> Json:
        if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], list | dict):
            return self.by_value.get(value[0], value)
        return self.label(value)


NO_LABELS = Labels((), {})


def read_labels(model: object) -> tuple[Labels, ...]:
    """Return the labels of each output; of one output for most classifiers, none if the model names none.

    Raises:
        ValueError: they are not labels, or two of one output have the same text.
    """
    classes = getattr(model, "classes_", None)
    if classes is None:
        return ()
    if isinstance(classes, str | bytes) or not hasattr(classes, "__iter__"):
        raise ValueError(f"classes_: expected a list of labels, got {type(classes).__qualname__}")
    listed = list(classes)
    if listed and all(isinstance(each, list | np.ndarray) for each in listed):
        return tuple(Labels.of(each) for each in listed)
    return (Labels.of(listed),)


def has_several_labels_a_row(model: object) -> bool:
    """Return whether a classifier with one list of labels answers with a column for each of them."""
    return any(
        getattr(part, "multilabel_", False)
        or str(getattr(getattr(part, "_label_binarizer", None), "y_type_", "")).startswith("multilabel")
        for part in last_parts(model)
    )


def last_parts(model: object) -> Iterator[object]:
    """Yield a model, and what answers in it: the last step of a pipeline, the best model of a search, and so on."""
    """Yield a model and the parts that answer in its place: the last step of a pipeline, the best model of a search."""
    part = model
    for _ in range(8):
        yield part
        steps = getattr(part, "steps", None)
        part = steps[-1][-1] if isinstance(steps, list) and steps else getattr(part, "best_estimator_", None)
        if part is None:
            return


def _scalar(value: Json) -> str | int | float | bool | None:
    if is_missing(value):
        return None
    return value if isinstance(value, str | int | float) else text_of(value)


def _hashable(value: Json) -> Json:
    """Return the key to look a label up by: for a list, which a tuple has become, its text."""
    return text_of(value) if isinstance(value, list | dict) else value
