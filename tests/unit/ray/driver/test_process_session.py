"""The processes of a session end together, orphans and frozen ones too, and no others."""

import os
import signal
import subprocess

from foreseen.entrypoints.ray.driver.process_session import end_session, processes_of
from support.processes import wait_until

_TWO = "sleep 600 & sleep 600 & kill -STOP $!; echo ready; read line"


def started(*, new_session: bool) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        ["/bin/sh", "-c", _TWO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=new_session
    )


def test_a_session_ends_with_its_orphans_and_its_frozen_processes() -> None:
    with started(new_session=True) as leader:
        assert leader.stdout is not None
        leader.stdout.readline()
        assert len(processes_of(leader.pid)) == 3
        leader.kill()  # its children live on
        wait_until(lambda: len(processes_of(leader.pid)) == 2)

        end_session(leader.pid)

        assert processes_of(leader.pid) == []


def test_the_caller_is_spared() -> None:
    with started(new_session=True) as leader:
        assert leader.stdout is not None
        leader.stdout.readline()

        end_session(leader.pid, spared=leader.pid)

        assert processes_of(leader.pid) == [leader.pid]
        leader.kill()


def test_processes_of_another_session_are_spared() -> None:
    with started(new_session=True) as leader, started(new_session=True) as other:
        for each in (leader, other):
            assert each.stdout is not None
            each.stdout.readline()

        end_session(leader.pid)

        assert len(processes_of(other.pid)) == 3
        end_session(other.pid)
    assert os.getpid() not in processes_of(other.pid)
    assert signal.Signals(-leader.returncode) is signal.SIGKILL
