"""Lines for the operator: plain, or JSON as the logs are, also where the settings could not be read."""

import json
import logging
from collections.abc import Sequence

import pytest

from foreseen.entrypoints.operator_lines import JsonStream, write_line


def written(capsys: pytest.CaptureFixture[str]) -> str:
    write_line("größer", level="warning", rows=3)
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "variable", "is_json"),
    [
        (["--log-format", "json"], "", True),
        (["--log-format=json"], "text", True),
        ([], "json", True),
        (["--log-format", "text"], "json", False),
        (["--log-format"], "", False),
        ([], "", False),
    ],
)
def test_before_logs_are_set_up_lines_keep_their_chosen_form(
    words: Sequence[str],
    variable: str,
    is_json: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr("sys.argv", ["foreseen", *words])
    monkeypatch.setenv("FORESEEN_LOG_FORMAT", variable)

    line = written(capsys)

    if is_json:
        assert json.loads(line).items() >= {"event": "größer", "level": "warning", "rows": 3}.items()
    else:
        assert line == "foreseen: größer\n"


def test_lines_are_json_where_logs_are(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.NullHandler()])
    monkeypatch.setattr("sys.argv", ["foreseen", "--log-format", "json"])
    plain = written(capsys)
    monkeypatch.setattr(logging.getLogger(), "handlers", [JsonStream()])

    assert (plain, json.loads(written(capsys))["event"]) == ("foreseen: größer\n", "größer")
