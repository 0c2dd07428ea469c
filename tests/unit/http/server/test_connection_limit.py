"""As many connections as a process can have, and no limit of the system raised further than that takes."""

import resource

import pytest

from foreseen.entrypoints.http.server.connection_limit import SPARE_FILES, affordable_connections

NONE = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("limits", "raised_to", "affordable"),
    [
        ((1024, 4096), 1000 + SPARE_FILES, 1000),
        ((1024, 1100), 1100, 1100 - SPARE_FILES),
        ((1024, NONE), 1000 + SPARE_FILES, 1000),
        ((4096, 4096), None, 1000),
        ((NONE, NONE), None, 1000),
        ((64, 64), 64, 1),
    ],
)
def test_open_files_are_raised_as_far_as_needed_and_allowed(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], raised_to: int | None, affordable: int
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, given: asked.append(given))

    assert affordable_connections(1000) == affordable
    assert asked == ([] if raised_to is None else [(raised_to, limits[1])])
