"""What a YAML document may consist of, checked before a value is made of it: making some of them takes hours.

MLflow writes documents by `yaml.safe_dump`, which writes none of what is rejected here.
"""

from types import ModuleType
from typing import Final, Protocol, cast

MOST_LEVELS: Final = 64
"""Levels of nesting. libyaml itself ends the process by a fault at some thousands of them."""

MOST_ALIASES: Final = 10_000
"""References to values elsewhere in a document."""

MOST_DIGITS: Final = 300
"""Characters of a number or date: 1:1:1:… of 60 parts each takes a time that grows with the square of its length."""

_CORE: Final = "tag:yaml.org,2002:"
_TAGS: Final = frozenset(
    _CORE + name
    for name in ("binary", "bool", "float", "int", "map", "null", "omap", "pairs", "seq", "set", "str", "timestamp")
)
_NUMBERS: Final = frozenset(_CORE + name for name in ("float", "int", "timestamp"))
_MERGE: Final = _CORE + "merge"


class _Event(Protocol):
    """What is used of the events of PyYAML; each kind has some of it."""

    tag: str | None
    value: str
    implicit: object


def require_plain_events(content: bytes, yaml: ModuleType, loader: type) -> None:
    """Raise ValueError for a document whose values would be made at a cost that its length does not show.

    Args:
        yaml: the module of PyYAML.
        loader: the class by which the document is parsed.
    Raises:
        ValueError: it is nested deeply, merges mappings, has tags other than those of plain values, very many aliases,
            or a number of very many digits.
        yaml.YAMLError: it is not YAML.
    """
    level = aliases = 0
    resolver = yaml.resolver.Resolver()
    for event in yaml.parse(content, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            level += 1
            _require_known_tag(event.tag)
        elif isinstance(event, yaml.CollectionEndEvent):
            level -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        elif isinstance(event, yaml.ScalarEvent):
            _require_small(cast("_Event", event), yaml, resolver)
        if level > MOST_LEVELS:
            raise ValueError(f"values that are nested more than {MOST_LEVELS} levels deep")
        if aliases > MOST_ALIASES:
            raise ValueError(f"more than {MOST_ALIASES:,} aliases")


def _require_known_tag(tag: str | None) -> None:
    if tag not in (None, "!") and tag not in _TAGS:
        raise ValueError(f"a value of the tag {str(tag)[:80]!r}")


def _require_small(event: _Event, yaml: ModuleType, resolver: object) -> None:
    _require_known_tag(event.tag)
    kind = event.tag
    if kind in (None, "!"):
        resolve = resolver.resolve  # type: ignore[attr-defined] # of PyYAML, which has no types here
        kind = resolve(yaml.ScalarNode, event.value, event.implicit)
    if kind == _MERGE:
        raise ValueError("a mapping that is merged with others by <<")
    if kind in _NUMBERS and len(event.value) > MOST_DIGITS:
        raise ValueError(f"a number of {len(event.value):,} characters, more than {MOST_DIGITS}")
