"""A library that reads files safely from some version on is rejected before it, in one line that says how to get it."""

from importlib import metadata

import pytest

from foreseen.adapters.predictor.networks.rejected_file import RejectedFileError
from foreseen.adapters.predictor.networks.required_version import require_version


@pytest.mark.parametrize("version", ["2.9.1", "1.99", "2.9.0+cpu", "2.9rc1", "2"])
def test_an_older_version_is_rejected(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda _: version)

    with pytest.raises(RejectedFileError) as error:
        require_version("torch", (2, 10), "which is safe")
    assert str(error.value) == (
        f"expected torch 2.10 or newer, which is safe, got {version}; try: pip install 'torch>=2.10'"
    )


@pytest.mark.parametrize("version", ["2.10.0", "2.10", "2.13.0+cpu", "3.0", "2.10a0"])
def test_this_and_newer_versions_are_accepted(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda _: version)

    require_version("torch", (2, 10), "which is safe")
