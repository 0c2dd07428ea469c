"""`foreseen.score` of files has the options of the command: the same names, the same meaning, the same words."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.main import get_command

import foreseen
from foreseen.entrypoints.cli.command_line import app
from foreseen.entrypoints.python import scored_files as of_files
from foreseen.entrypoints.python.file_arguments import ALL_NAMES, OF_THE_COMMAND, FileSettings, as_in_python, words_of
from foreseen.settings import SettingsError

ELSEWHERE = {"config", "jobs", "keep", "on_error", "output", "prediction_column", "progress"}
"""Parameters of `foreseen.score` that frames have, too, and where the result goes."""
Calls = list[tuple[list[str], list[str]]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The files and words that the command is called with, which is not started."""
    seen: Calls = []

    def note(files: Sequence[str], words: Sequence[str], settings: Mapping[str, Any], wording: Any) -> None:
        seen.append((list(files), list(words)))
        named = dict(word.partition("=")[::2] for word in words)
        Path(named["--summary"]).write_text(json.dumps({"rows": 0, "rejected": 0}))
        if not Path(named["--output"]).name.startswith("mine"):
            pd.DataFrame({"prediction": []}).to_parquet(named["--output"])

    monkeypatch.setattr(of_files, "run_score", note)
    return seen


def test_every_option_of_the_command_is_one_of_python() -> None:
    root: Any = get_command(app)
    flags = {opt.removeprefix("--") for each in root.commands["score"].params for opt in each.opts if "--" in opt}
    names = {flag.replace("-", "_") for flag in flags}

    assert names - ELSEWHERE - set(OF_THE_COMMAND) == set(ALL_NAMES)


def test_options_become_words_of_the_command(calls: Calls) -> None:
    given: FileSettings = {
        "where": "price > 10",
        "delimiter": "-",
        "columns_as": {"length": "sepal_length", "width": "sepal_width"},
        "na": ["-", "none"],
        "skip_rows": 2,
        "sample": 0.25,
        "trim": True,
        "force": False,
        "limit": 3,
        "rejects": Path("mine.rejects.csv"),
    }

    summary = foreseen.score("in.csv", "m.joblib", output="mine.csv", keep=[], on_error="stop", **given)

    (((model, source), words),) = calls
    assert (summary, model, source) == ({"rows": 0, "rejected": 0}, "m.joblib", "in.csv")
    assert words[: len(words) - 3] == [
        "--on-error=stop", "--where=price > 10", "--delimiter=-",
        "--columns-as=length=sepal_length,width=sepal_width", "--na=-,none", "--skip-rows=2", "--sample=0.25",
        "--trim", "--limit=3", "--rejects=mine.rejects.csv", "--keep=", "--prediction-column=prediction",
    ]  # fmt: skip


def test_words_of_a_list_are_those_of_a_text() -> None:
    assert words_of({"columns_as": "a=b", "na": "x,y"}) == words_of({"columns_as": {"a": "b"}, "na": ("x", "y")})
    assert words_of({"na": [], "sheet": None}) == ["--na="]


@pytest.mark.parametrize(
    ("given", "has_output", "words"),
    [
        ({}, False, ["--max-rejects=0"]),
        ({}, True, []),
        ({"on_error": "raise"}, True, ["--max-rejects=0"]),
        ({"on_error": "reject"}, False, ["--on-error=reject"]),
        ({"max_rejects": 5}, False, ["--max-rejects=5"]),
        ({"rejects": "bad.csv"}, False, []),
        ({"rejects": "bad.csv", "on_error": "raise"}, True, ["--max-rejects=0"]),
    ],
)
def test_rows_that_cannot_be_scored_are_errors_unless_allowed(
    given: dict[str, Any], has_output: bool, words: list[str], calls: Calls
) -> None:
    foreseen.score("in.csv", "m.joblib", output="mine.csv" if has_output else None, **given)

    assert [word for word in calls[0][1] if word.startswith(("--max-rejects", "--on-error"))] == words


@pytest.mark.parametrize(
    ("by_the_command", "in_python"),
    [
        ("--where: expected ==, got =", "where: expected ==, got ="),
        ("--prediction-column: expected a name", "prediction_column: expected a name"),
        ("o.csv: expected a new file; --force replaces it", "o.csv: expected a new file; force=True replaces it"),
        ("with a larger --max-rejects, --resume continues", "with a larger max_rejects, resume=True continues"),
        ("--resume: expected a file as input", "resume: expected a file as input"),
        ("a--force.csv, /--where/b: expected --", "a--force.csv, /--where/b: expected --"),
    ],
)
def test_options_have_their_names_of_python_in_errors(by_the_command: str, in_python: str) -> None:
    assert as_in_python(by_the_command) == in_python


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"delimeter": ";"}, "delimeter: expected a known setting; did you mean 'delimiter'"),
        ({"trim": "yes"}, "trim: expected True or False, got 'yes'"),
        ({"on_error": "raised"}, "on_error: expected 'raise', 'reject' or 'stop', got 'raised'"),
        ({"resume": True, "output": None}, "resume: expected an output with it, got none"),
        ({"output_format": "csv", "output": None}, "output_format: expected an output with it, got none"),
        ({"on_error": "raise", "max_rejects": 1}, "max_rejects: expected on_error='reject' with it"),
        ({"keep": ["a,b"]}, "keep: expected names without , or blanks around them, got 'a,b'"),
        ({"columns_as": {"a=b": "c"}}, "columns_as: expected names without , or = or blanks around them, got 'a=b'"),
        ({"columns_as": {}}, "columns_as: expected at least one column, got none"),
        ({"output": pd.DataFrame({"a": [1]})}, "output: expected text or a number, got DataFrame"),
        ({"output": ("a", "b")}, "output: expected text or a number, got tuple"),
        ({"where": {"price": 10}}, "where: expected text or a number, got dict"),
        ({"rejects": object()}, "rejects: expected text or a number, got object"),
        ({"where": b"a"}, "where: expected text or a number, got bytes"),
        ({"options": "--resume"}, "options: expected a list of words, got the text '--resume'"),
        ({"na": [999]}, "na: expected text, got 999"),
        ({"rejects": "bad.csv", "on_error": "raise", "output": None}, "rejects: expected on_error='reject' with it"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_nonsensical_options_start_no_process(given: dict[str, Any], said: str, calls: Calls) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        foreseen.score("in.csv", "m.joblib", **{"output": "mine.csv", **given})
    assert calls == []


def test_options_of_files_are_rejected_beside_a_frame() -> None:
    frame = pd.DataFrame({"a": [1.0]})

    for name, value in (("where", "a > 1"), ("delimiter", ";"), ("limit", 1)):
        with pytest.raises(SettingsError, match=f"^{name}: expected names of files with it, got a frame"):
            foreseen.score(frame, "m.joblib", **{name: value})  # type: ignore[arg-type]
