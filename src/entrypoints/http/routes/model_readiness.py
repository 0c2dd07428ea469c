"""ModelReadiness: whether the model can be called now."""

import logging
from collections.abc import Callable

from starlette.types import Scope

from foreseen.entrypoints.http.responses.problems import Rejection, inner_detail

log = logging.getLogger(__name__)


class ModelReadiness:
    """Whether the model can be called now, for every route that says so.

    Logged only when it changes, since probes come every few seconds.
    """

    def __init__(self, unready: Callable[[], str]) -> None:
        """Accept what returns why the model cannot be called now; empty if it can."""
        self._unready = unready
        self._logged = ""

    def require(self, scope: Scope) -> None:
        """Raise Rejection (503) if the model cannot be called; trusted clients learn why."""
        # The model was loaded before the port opened, but may have died. A broken cache only costs time.
        if reason := self.reason():
            raise Rejection(503, "no-model", "No model is ready", inner_detail(scope, reason))

    def reason(self) -> str:
        """Return why the model cannot be called; empty if it can."""
        reason = self._unready()
        if reason and reason != self._logged:
            log.warning("not ready: %s", reason)
        self._logged = reason
        return reason
