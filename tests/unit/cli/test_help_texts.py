"""Help texts: every command has one, every setting has a flag, and nothing of it is lost in print."""

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from foreseen.settings import Settings, about_setting
from support.called_command import Called
from support.command_in_process import run_here

COMMANDS = ["", "serve", "score", "inspect", "key", "cache", "cache stats", "cache list", "cache warm", "cache purge"]
FLAGS = {"--" + name.replace("_", "-"): name for name in Settings.model_fields if name != "model"}


def flags(text: str) -> set[str]:
    """Find the flags that a help text lists."""
    return set(re.findall(r"^│ [ *]*(--[a-z0-9-]+)", text, re.MULTILINE))


def words(text: str) -> str:
    """Return a help text without its boxes and columns."""
    return " ".join(re.sub(r"[│╭╰─╮╯]", " ", text).split())


@cache
def help_of_serve() -> str:
    """Return the help text of `serve`, which takes a tenth of a second, once for all settings."""
    return words(run_here("serve", "--help").stdout.decode())


def test_warming_mentions_no_output(called: Called) -> None:
    assert "OUT" not in words(called("cache", "warm", "--help").out)


@pytest.mark.parametrize("command", ["score", "cache warm"])
def test_commands_without_a_server_list_no_server_settings(called: Called, command: str) -> None:
    text = called(*command.split(), "--help").out
    of_model = text.partition("─ Model ─")[2].partition("╰")[0]

    assert "─ Server ─" not in text
    assert "--model-isolation" in flags(of_model)


@pytest.mark.parametrize("command", COMMANDS)
class TestEveryCommand:
    def test_it_has_a_help_text_and_ends_well(self, called: Called, command: str) -> None:
        ended = called(*command.split(), "--help")

        assert (ended.code, ended.err) == (0, "")
        assert words(ended.out).startswith(f"Usage: foreseen {command}".strip())
        assert "--help" in flags(ended.out)

    def test_no_line_of_it_is_cut_on_a_usual_terminal(
        self, called: Called, command: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        text = called(*command.split(), "--help").out

        whole = re.sub("A,B,…|A=B,…|feature,…|x0,x1,…|PORT=…", "", text)
        assert "…" not in whole
        assert max(map(len, text.splitlines())) <= 80

    def test_no_bracket_is_eaten_and_no_markup_left(self, called: Called, command: str) -> None:
        text = called(*command.split(), "--help").out

        assert text.count("(") == text.count(")")
        assert text.count("[") == text.count("]")
        assert "`" not in text
        assert "\x1b" not in text


@pytest.mark.parametrize("command", ["", "cache"])
def test_without_a_command_the_help_is_shown_and_nothing_else(called: Called, command: str) -> None:
    ended = called(*command.split())

    assert (ended.code, ended.err) == (2, "")
    assert words(ended.out).startswith("Usage: foreseen")


def test_settings_and_flags_of_serve_match_one_to_one(called: Called) -> None:
    text = called("serve", "--help").out

    assert flags(text) == {*FLAGS, "--config", "--help"}
    assert "[MODEL]" in text


@pytest.mark.parametrize("name", sorted(FLAGS.values()))
def test_every_default_is_shown_and_reads_back_as_itself(name: str) -> None:
    text = help_of_serve()
    flag = "--" + name.replace("_", "-")
    said = text.split(f"{flag} ", 1)[1].split(" --")[0]
    default = Settings.model_fields[name].default
    found = re.search(r"default: ([^)]+)\)", said)

    if default in (None, ()) or about_setting(Settings.model_fields[name])["shown"] == "TEXT":
        assert default is None or found is None
        return
    assert found is not None
    assert getattr(Settings.load(None, {name: found[1]}), name) == default


def test_every_choice_is_named(called: Called) -> None:
    text = words(called("serve", "--help").out)

    for choices in ("none | lru | redis | tiered", "text|json", "debug | info | warning | error"):
        assert choices in text


def test_a_name_means_another_thing_to_the_cache_commands(called: Called) -> None:
    for command in ("stats", "list", "purge"):
        text = words(called("cache", command, "--help").out)

        assert flags(called("cache", command, "--help").out) >= {"--name", "--redis-url", "--config"}
        assert "Only predictions of the model with this name." in text
        assert "the file's name" not in text


def test_the_version_is_the_package_s(called: Called) -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    ended = called("--version")

    assert (ended.code, ended.out, ended.err) == (0, f"{project['version']}\n", "")


@pytest.mark.parametrize("command", ["", "serve", "score", "inspect", "key", "cache", "cache warm", "cache list"])
def test_no_option_shows_a_type_in_place_of_a_value(called: Called, command: str) -> None:
    text = called(*command.split(), "--help").out

    assert re.findall(r"<\w[\w ]*>|\bCHOICE\b|\bBOOLEAN\b|\[default", text) == []


@pytest.mark.parametrize(
    ("flag", "shown"),
    [
        ("--timeout", "30s"),
        ("--model-timeout", "60s"),
        ("--stop-timeout", "20s"),
        ("--ttl", "1h"),
        ("--redis-timeout", "25ms"),
        ("--max-body", "8MiB"),
        ("--lru-max-bytes", "256MiB"),
        ("--max-rows", "10000"),
        ("--log-format", "text"),
        ("--outputs", "predict"),
    ],
)
def test_defaults_are_shown_as_an_operator_writes_them(called: Called, flag: str, shown: str) -> None:
    said = words(called("serve", "--help").out).split(f" {flag} ", 1)[1].split(" --")[0]

    assert f"default: {shown})" in said


def test_every_option_of_score_shows_its_default_alike(called: Called) -> None:
    text = words(called("score", "--help").out)

    for flag, shown in (
        ("--progress auto|plain|none", "auto"),
        ("--engine local|ray", "local"),
        ("--encoding NAME", "utf-8"),
        ("--jobs N", "one per core"),
        ("--sample N|N%", "all"),
    ):
        assert f"(default: {shown}" in text.split(flag, 1)[1].split(" --")[0], flag
