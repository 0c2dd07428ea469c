"""HeadsOfModels: known heads of several models, each found by the target of the request."""

from collections.abc import Mapping, Sequence
from typing import Final

from starlette.types import Scope

from foreseen.entrypoints.http.fleet.fleet_map import FleetMap
from foreseen.entrypoints.http.requests.known_heads import LONGEST_HEAD, HeadsInUse, RepliesByHead, Sender

_METHODS: Final = ("GET", "POST")
_AFTER_METHOD: Final = 5
"""Index in a request line at which its target has begun."""


class HeadsOfModels:
    """Passes a request on to the known heads of its model.

    Each model keeps its own: of two models, the same body means two instances.
    """

    def __init__(self, by_target: Mapping[bytes, HeadsInUse]) -> None:
        """Accept the known heads by method and target, such as `GET /models/iris/predict`."""
        self._by_target = by_target

    def __len__(self) -> int:
        return sum(len(held.current) for held in set(self._by_target.values()) if held.current is not None)

    def reply(
        self, data: bytes, default_fields: Sequence[tuple[bytes, bytes]], sender: Sender, *, begun_ns: int = 0
    ) -> bytes | None:
        """Return the answer of the model's known heads; None if it has none, or the request is for no model."""
        heads = self._of(data)
        return None if heads is None else heads.reply(data, default_fields, sender, begun_ns=begun_ns)

    def learn(self, data: bytes, scope: Scope, sent: bytes, default_fields: Sequence[tuple[bytes, bytes]]) -> None:
        """Make the head known to the model that the request is for."""
        heads = self._of(data)
        if heads is not None:
            heads.learn(data, scope, sent, default_fields)

    def _of(self, data: bytes) -> RepliesByHead | None:
        end = data.find(b" " if data.startswith(b"P") else b"?", _AFTER_METHOD, LONGEST_HEAD)
        held = self._by_target.get(data[:end]) if end > 0 else None
        return None if held is None else held.current


def heads_of(fleet: FleetMap, root_path: str) -> HeadsOfModels:
    """Return the known heads of a fleet, for targets with and without the path of a proxy."""
    roots = ("",) if root_path == "/" else ("", root_path)
    return HeadsOfModels(
        {
            f"{method} {root}{target}".encode(): member.parts.heads
            for target, (member, _) in fleet.targets.items()
            for root in roots
            for method in _METHODS
        }
    )
