"""What can go wrong with a cluster, and nowhere else."""

from foreseen.domain.errors import ForeseenError


class ClusterError(ForeseenError):
    """The cluster cannot be had, or failed; the table, the model and the results are not at fault."""


class NotConnectedError(ClusterError):
    """There is no cluster, or none came to be in time."""
