"""The driver as the command holds it: what it is sent, and when another one is started."""

from typing import Any, ClassVar

import pytest

from foreseen.entrypoints.ray import cluster_process
from foreseen.entrypoints.ray.cluster_errors import ClusterError, NotConnectedError
from foreseen.entrypoints.ray.cluster_process import ClusterProcess
from foreseen.entrypoints.ray.driver.driver_process import END
from foreseen.entrypoints.ray.driver.packed_plan import Work

WORK = Work(b"plan", {0: 10}, most_actors=1, jobs=1)
LATE = NotConnectedError("a local Ray: expected a Ray cluster: timed out")


class Driver:
    """A driver with prepared messages, which records what it is sent."""

    says: ClassVar[list[list[Any]]] = []
    sent: ClassVar[list[Any]] = []
    ended: ClassVar[list[float]] = []

    def __init__(self, _: str | None, **__: Any) -> None:
        self._messages = iter(self.says.pop(0))

    def send(self, message: Any) -> None:
        self.sent.append(message)

    def receive(self) -> Any:
        return next(self._messages)

    def end(self, *, patience_s: float) -> None:
        self.ended.append(patience_s)


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> type[Driver]:
    monkeypatch.setattr(cluster_process, "DriverProcess", Driver)
    for name in ("says", "sent", "ended"):
        monkeypatch.setattr(Driver, name, [])
    return Driver


def outcomes(address: str | None = None) -> list[Any]:
    with ClusterProcess(address) as cluster:
        return list(cluster.outcomes(WORK))


def test_outcomes_are_yielded_until_the_work_is_done(driver: type[Driver]) -> None:
    driver.says.append(["one", "two", END])

    assert (outcomes(), driver.sent, driver.ended) == (["one", "two"], [WORK], [0])


def test_a_ray_that_starts_late_is_started_again(driver: type[Driver]) -> None:
    driver.says += [[LATE], [LATE], ["one", END]]

    assert (outcomes(), driver.sent, driver.ended) == (["one"], [WORK] * 3, [0] * 3)


@pytest.mark.parametrize(
    ("address", "says", "starts"),
    [
        (None, [[LATE, END]] * 3, 3),
        ("10.0.0.5:6379", [[LATE, END]], 1),
        (None, [[ClusterError("Ray: a part was lost"), END]], 1),
    ],
)
def test_errors_that_a_restart_would_not_mend_are_raised(
    driver: type[Driver], address: str | None, says: list[Any], starts: int
) -> None:
    driver.says += says

    assert [type(one) for one in outcomes(address)] == [type(says[0][0])]
    assert len(driver.sent) == starts


def test_a_driver_gets_time_to_leave_a_cluster_of_others(driver: type[Driver]) -> None:
    driver.says.append([END])

    assert (outcomes("10.0.0.5:6379"), driver.ended) == ([], [cluster_process.PATIENCE_S])
