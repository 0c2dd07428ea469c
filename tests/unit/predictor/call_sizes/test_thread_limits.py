"""Libraries compute with the threads of the model that is called, whatever another model of the process has set."""

import numpy as np
import pytest
import threadpoolctl

from foreseen.adapters.predictor.call_sizes.thread_environment import VARIABLES
from foreseen.adapters.predictor.call_sizes.thread_limits import ThreadLimit


def threads_of_blas() -> set[int]:
    return {each["num_threads"] for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"}


def test_a_model_computes_with_its_own_threads_after_another_was_called(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:  # a limit sets them for libraries that are loaded later
        monkeypatch.setenv(name, "1")
    np.dot(np.ones(2), np.ones(2))  # so that a library is loaded
    one, two = ThreadLimit(1), ThreadLimit(2)

    with threadpoolctl.threadpool_limits(1):
        found = []
        for limit in (one, two, one):
            limit.apply()
            found.append(threads_of_blas())

    assert found == [{1}, {2}, {1}]
