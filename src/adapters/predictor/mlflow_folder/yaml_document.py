"""A YAML document that somebody else may have written, read without running anything, and within limits."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from foreseen.domain.errors import ModelUnavailableError

MOST_BYTES_OF_YAML: Final = 16 * 2**20
"""Bytes of a document; a signature of ten thousand columns has one."""

MOST_LEVELS: Final = 64
"""Levels of nesting. libyaml itself ends the process by a fault at some thousands of them."""

MOST_VALUES: Final = 1_000_000
"""Values of a document, each counted as often as it is referred to: aliases of aliases come to billions."""


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
        _require_limits(content, yaml)
        document: object = yaml.load(content, _loader(yaml))
        _require_bounded_values(document)
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
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


def _require_limits(content: bytes, yaml: ModuleType) -> None:
    if len(content) > MOST_BYTES_OF_YAML:
        raise ValueError(f"more than {MOST_BYTES_OF_YAML:,} bytes")
    level = 0
    for event in yaml.parse(content, Loader=_loader(yaml)):
        if isinstance(event, yaml.CollectionStartEvent):
            level += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            level -= 1
        if level > MOST_LEVELS:
            raise ValueError(f"values that are nested more than {MOST_LEVELS} levels deep")


def _require_bounded_values(document: object) -> None:
    if _number_of_values(document, {}) > MOST_VALUES:
        raise ValueError(f"more than {MOST_VALUES:,} values by way of aliases")


def _number_of_values(value: object, known: dict[int, int]) -> int:
    """Return how many values there are, each counted as often as it occurs; raise ValueError if one contains itself."""
    if not isinstance(value, dict | list | tuple | set):  # YAML's pairs are tuples
        return 1
    if id(value) in known:
        if not known[id(value)]:
            raise ValueError("a value that contains itself")
        return known[id(value)]
    known[id(value)] = 0
    inner: Iterable[object] = value.values() if isinstance(value, dict) else value
    known[id(value)] = 1 + sum(_number_of_values(each, known) for each in inner)
    return known[id(value)]


def _said(exc: BaseException) -> str:
    """Return what a parser says, and where, in one line."""
    mark = getattr(exc, "problem_mark", None)
    said = getattr(exc, "problem", None) or str(exc) or type(exc).__name__
    return " ".join(str(said).split()) + (f" in line {mark.line + 1}" if mark is not None else "")


def _kind(document: object) -> str:
    named = {list: "a list", str: "a text", type(None): "nothing"}
    return named.get(type(document), f"a value of type {type(document).__name__}")
