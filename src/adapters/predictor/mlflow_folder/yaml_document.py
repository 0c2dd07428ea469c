"""A YAML document that somebody else may have written, read without running anything, and within limits."""

import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from foreseen.adapters.predictor.mlflow_folder.yaml_events import require_plain_events
from foreseen.domain.errors import ModelUnavailableError

MOST_BYTES_OF_YAML: Final = 16 * 2**20
"""Bytes of a document; a signature of ten thousand columns has one."""

MOST_VALUES: Final = 1_000_000
"""Values of a document, each counted as often as it is referred to: aliases of aliases come to billions."""

MOST_CHARACTERS: Final = 4 * MOST_BYTES_OF_YAML
"""Characters of all texts in a document, counted alike: a text of megabytes may be referred to a thousand times."""


def read_yaml(content: bytes, path: Path) -> Mapping[object, object]:
    """Return the mapping that a document consists of, by a safe loader: of C where there is one.

    Raises:
        ModelUnavailableError: it is not YAML, has a tag of Python, is no mapping, or is beyond a limit; or the library
            is missing.
    """
    yaml = _library(path)
    if not content.strip():
        raise ModelUnavailableError(f"{path}: expected YAML with the flavors of a model, got an empty file")
    try:
        if len(content) > MOST_BYTES_OF_YAML:
            raise ValueError(f"more than {MOST_BYTES_OF_YAML:,} bytes")
        require_plain_events(content, yaml, _loader(yaml))
        document: object = yaml.load(content, _loader(yaml))
        _require_bounded(document)
    except (yaml.YAMLError, ArithmeticError, ValueError, RecursionError) as exc:
        raise ModelUnavailableError(f"{path}: expected YAML that MLflow wrote, got {_said(exc)}") from None
    if not isinstance(document, dict):
        raise ModelUnavailableError(f"{path}: expected YAML with the flavors of a model, got {_kind(document)}")
    return document


def _library(path: Path) -> ModuleType:
    try:
        return import_module("yaml")
    except ModuleNotFoundError:
        raise ModelUnavailableError(
            f"{path}: expected PyYAML, which reads this file; try: pip install 'foreseen[mlflow]'"
        ) from None


def _loader(yaml: ModuleType) -> type:
    loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return loader


def _require_bounded(document: object) -> None:
    values, characters = _size(document, {})
    if values > MOST_VALUES:
        raise ValueError(f"more than {MOST_VALUES:,} values by way of aliases")
    if characters > MOST_CHARACTERS:
        raise ValueError(f"more than {MOST_CHARACTERS:,} characters by way of aliases")


def _size(value: object, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Return how many values and characters there are, each counted as often as it occurs.

    Raises:
        ValueError: a value contains itself.
    """
    if not isinstance(value, dict | list | tuple | set):  # YAML's pairs are tuples
        return 1, len(value) if isinstance(value, str | bytes) else 0
    if id(value) in known:
        if not known[id(value)][0]:
            raise ValueError("a value that contains itself")
        return known[id(value)]
    known[id(value)] = 0, 0
    inner: Iterable[object] = [*value, *value.values()] if isinstance(value, dict) else value
    sizes = [_size(each, known) for each in inner]
    known[id(value)] = 1 + sum(values for values, _ in sizes), sum(characters for _, characters in sizes)
    return known[id(value)]


_LONG_NUMBER: Final = re.compile(r"; use sys\.set_int_max_str_digits.*")
"""What Python adds to its message about a number of very many digits."""


def _said(exc: BaseException) -> str:
    """Return what a parser says, and where, in one line."""
    mark = getattr(exc, "problem_mark", None)
    said = _LONG_NUMBER.sub("", str(getattr(exc, "problem", None) or exc)) or type(exc).__name__
    return " ".join(said.split()) + (f" in line {mark.line + 1}" if mark is not None else "")


def _kind(document: object) -> str:
    named = {list: "a list", str: "a text", type(None): "nothing"}
    return named.get(type(document), f"a value of type {type(document).__name__}")
