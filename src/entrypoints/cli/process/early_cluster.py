"""The Ray cluster of a run, which starts while the model loads, before anything else is imported."""

from contextlib import contextmanager
from typing import TYPE_CHECKING

from foreseen.entrypoints.cli.process.interruption import Interruption
from foreseen.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from foreseen.entrypoints.ray.cluster_process import ClusterProcess


@contextmanager
def cluster_begun(
    settings: Settings, interruption: Interruption | None, address: str | None, *, may_be_done: bool
) -> "Iterator[ClusterProcess | None]":
    """Start the process that connects to Ray, and end it with the block; yield None for a run without Ray.

    Args:
        interruption: handles the signals of a run on Ray; None for a run without.
        address: address of the cluster; None for a new one on this machine.
        may_be_done: whether an earlier run may have left so little to do that Ray is not needed.
    Raises:
        SettingsError, ClusterError: Ray is not installed or not usable, or the address is invalid.
    """
    if interruption is None:
        yield None
        return
    from foreseen.entrypoints.ray.cluster_process import ClusterProcess  # noqa: PLC0415
    from foreseen.entrypoints.ray.ray_address import check_address, require_ray  # noqa: PLC0415 - for runs on Ray only

    require_ray()
    check_address(address)
    held_back = interruption.held_back
    with ClusterProcess(address, held_back=held_back, is_debugging=settings.log_level == "debug") as cluster:
        if not may_be_done:
            cluster.start()
        yield cluster
