"""Errors of a cluster."""

from foreseen.domain.errors import ForeseenError


class ClusterError(ForeseenError):
    """The cluster is not available, or failed; the table, the model and the results are not at fault."""


class NotConnectedError(ClusterError):
    """There is no cluster, or a new one did not start in time."""
