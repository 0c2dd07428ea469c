"""Fleet: passes each request on to the model that it is for."""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from foreseen.entrypoints.http.fleet.fleet_map import FleetMap
from foreseen.entrypoints.http.fleet.heads_of_models import heads_of
from foreseen.entrypoints.http.requests.known_heads import HeadsInUse


class Fleet:
    """The current models of a service.

    Attributes:
        current: the map of now; `exchange` assigns another.
        heads: the known heads of all models.
        others: answers requests for no model.
    """

    def __init__(self, first: FleetMap, *, root_path: str) -> None:
        """Accept the models, and the path below which a proxy serves them."""
        self._root_path = root_path
        self.current = first
        self.heads = HeadsInUse(heads_of(first, root_path))
        self.others: ASGIApp = _not_yet

    def exchange(self, new: FleetMap) -> None:
        """Serve another map from now on; requests in progress end on the models with which they began."""
        self.current = new
        self.heads.current = heads_of(new, self._root_path)

    # Not async: one more coroutine would cost as much as everything else here.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass a request on."""
        if scope["type"] == "http":
            path: str = scope["path"]
            current = self.current
            target = current.targets.get(path)
            if target is None and path.startswith("/v"):
                target = current.of_protocol(path)
            if target is not None:
                member, scope["path"] = target
                if "state" in scope:  # of this request alone
                    scope["state"]["tally"] = member.tally
                return member.parts.front(scope, receive, send)
        return self.others(scope, receive, send)


async def _not_yet(scope: Scope, receive: Receive, send: Send) -> None:
    raise NotImplementedError("the routes of the service are made after its fleet")
