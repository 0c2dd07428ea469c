"""Operation: the endpoints of one path and method, distinguished by the Content-Type of a body."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from foreseen.entrypoints.http.protocols.endpoint import Endpoint
from foreseen.entrypoints.http.responses.problems import Rejection


@dataclass(frozen=True, slots=True)
class Operation:
    """The endpoints of one path and method, at least one."""

    endpoints: Sequence[Endpoint]

    @property
    def first(self) -> Endpoint:
        """The endpoint that names the operation, and in whose format requests that none accepts are rejected."""
        return self.endpoints[0]

    @property
    def docs(self) -> dict[str, object]:
        """The operation in the OpenAPI document: that of the first endpoint, with the bodies of all."""
        merged: dict[str, object] = {}
        for endpoint in self.endpoints:
            merged = _merged(endpoint.docs, merged)
        return merged

    def endpoint_of(self, content_type: str) -> Endpoint:
        """Return the endpoint that accepts a Content-Type, empty for none.

        Raises:
            Rejection: no endpoint accepts it (415).
        """
        for endpoint in self.endpoints:
            if endpoint.body is None or endpoint.body.accepts(content_type):
                return endpoint
        known = " or ".join(endpoint.body.media_type for endpoint in self.endpoints if endpoint.body)
        detail = f"expected Content-Type: {known}, got {content_type or 'none'}"
        raise Rejection(415, "not-json", "Unsupported media type", detail)


def operations_of(endpoints: Iterable[Endpoint]) -> list[Operation]:
    """Return endpoints grouped into operations, in the order of their first endpoints."""
    by_place: dict[tuple[str, str], list[Endpoint]] = {}
    for endpoint in endpoints:
        by_place.setdefault((endpoint.path, endpoint.method), []).append(endpoint)
    return [Operation(same) for same in by_place.values()]


def _merged(new: Mapping[str, object], old: Mapping[str, object]) -> dict[str, object]:
    """Return two documents merged: objects recursively; of any other value that both have, that of the old one."""
    both = {name: _both(new[name], value) for name, value in old.items() if name in new}
    return {**old, **new, **both}


def _both(new: object, old: object) -> object:
    return _merged(new, old) if isinstance(old, Mapping) and isinstance(new, Mapping) else old
