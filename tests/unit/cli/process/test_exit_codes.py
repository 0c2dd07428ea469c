"""A library that cannot be imported ends a command in one line; our own mistakes keep their traceback."""

import importlib
from pathlib import Path

import pytest

from foreseen.entrypoints.cli.process.exit_codes import FAILED, run


def test_an_incompatible_library_is_named_with_its_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "arrows.py").write_text("raise ImportError('arrows requires numbers 2.0 or newer, found 1.26')\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    assert run(lambda: importlib.import_module("arrows")) == FAILED

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("foreseen: expected arrows to be importable, got arrows requires numbers 2.0 or newer")


def test_our_own_wrong_import_is_not_blamed_on_users() -> None:
    with pytest.raises(ImportError):
        run(lambda: importlib.import_module("foreseen.nowhere"))
