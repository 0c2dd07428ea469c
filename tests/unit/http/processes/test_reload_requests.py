"""Reload requests of workers: a pipe that has lost its reader says so, and one that is full loses nothing."""

import multiprocessing
import os

import pytest

from foreseen.domain.errors import ModelUnavailableError
from foreseen.entrypoints.http.processes.reload_requests import ReloadRequests


def test_any_number_of_requests_is_one_reload() -> None:
    requests = ReloadRequests()
    assert not requests.take()

    for _ in range(100_000):  # more than a pipe holds
        requests.make()

    assert requests.take()
    assert not requests.take()


def test_a_request_without_a_supervisor_is_an_error_without_signal() -> None:
    requests = ReloadRequests()
    writer = os.dup(requests.writer)
    worker = ReloadRequests.of_writer(writer)
    del requests

    with pytest.raises(ModelUnavailableError, match="the supervisor of the workers has ended"):
        worker.make()


def test_a_spawned_worker_has_the_writing_end_alone() -> None:
    requests = ReloadRequests()
    worker = multiprocessing.get_context("spawn").Process(target=requests.make)
    worker.start()
    worker.join()

    assert worker.exitcode == 0
    assert requests.take()
