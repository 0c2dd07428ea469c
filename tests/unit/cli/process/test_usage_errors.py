"""What is called wrongly ends with 2 and one line that names the flag, variable or entry."""

import os
import sys
from pathlib import Path

import pytest

from foreseen.domain.errors import ForeseenError
from foreseen.entrypoints.cli.process import exit_codes
from foreseen.entrypoints.cli.process.exit_codes import EXIT_CODES, exit_code, run
from foreseen.entrypoints.http.responses.problems import STATUSES
from support.called_command import Called

WRONG = [
    ("serve m --bogus", "No such option: --bogus"),
    ("serve m --prot 80", "--port"),
    ("serve m extra", "extra"),
    ("serve m --port", "Option '--port' requires an argument."),
    ("frobnicate", "No such command 'frobnicate'."),
    ("cache frobnicate", "No such command 'frobnicate'."),
    ("serve", "MODEL: expected a model file, on the command line, in FORESEEN_MODEL or in the settings file"),
    ("inspect", "MODEL: expected a model file"),
    ("score m", "INPUT"),
    ("score m in.csv", "--output"),
    ("score m in.csv -o out --engine spark", "--engine: expected 'local' or 'ray', got 'spark'"),
    ("score m in.csv -o out --ray-address h:1", "--ray-address: expected --engine ray with it"),
    ("serve m --port 65536", "--port: expected "),
    ("serve m --port -1", "--port: expected "),
    ("serve m --port eighty", "--port: expected a whole number, got 'eighty'"),
    ("serve m --workers 0", "--workers: expected "),
    ("serve m --cache memcached", "--cache: expected 'none', 'lru', "),
    ("serve m --ttl soon", "--ttl: expected a duration such as 250ms, 30s, 5m, 1h or 2d, got 'soon'"),
    ("serve m --ttl 0", "--ttl: expected "),
    ("serve m --max-body big", "--max-body: expected a size such as 512KiB, 8MiB or 1GiB, got 'big'"),
    ("serve m --max-rows 0", "--max-rows: expected "),
    ("serve m --features a,b,a", "--features: expected names separated by commas, each once"),
    (
        "serve m --outputs 1,2",
        "--outputs: expected names of outputs, such as predict or predict_proba, separated by commas",
    ),
    ("serve m --redis-url http://host", "--redis-url: expected a URL that begins with redis://"),
    ("serve m --model-sha256 abc", "--model-sha256: expected 64 hexadecimal digits, or a file that holds them"),
    ("serve m --name a:b", "--name: expected "),
    ("serve m --log-level loud", "--log-level: expected "),
    ("serve m --log-format xml", "--log-format: expected 'text' or 'json', got 'xml'"),
    ("serve m --config missing.toml", "missing.toml: expected a settings file, got no such file"),
    ("cache purge", "--name: expected either the name of a model or --all"),
    ("cache purge --name iris --all", "--name: expected either the name of a model or --all"),
    ("cache list --limit 0", "--limit"),
]


@pytest.mark.parametrize(("line", "said"), WRONG, ids=[line for line, _ in WRONG])
def test_a_usage_error_is_reported_in_one_line(called: Called, line: str, said: str) -> None:
    ended = called(*line.split())

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("foreseen: ")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_missing_ray_is_named_with_what_installs_it(called: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))  # what is set for Ray stays here
    for name in ("ray", "ray.data"):
        monkeypatch.setitem(sys.modules, name, None)

    ended = called("score", "m", "in.csv", "--output", "out", "--engine", "ray")

    assert ended.code == 2
    assert ended.err == ("foreseen: --engine ray: expected Ray, which is not installed: pip install foreseen[ray]\n")


@pytest.mark.parametrize("command", ["serve m", "score m in --output out", "inspect m", "cache stats"])
def test_an_unknown_variable_of_ours_is_rejected_by_every_command(
    called: Called, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORESEEN_REDIS_ULR", "redis://127.0.0.1")

    ended = called(*command.split())

    assert ended.code == 2
    assert ended.err == "foreseen: FORESEEN_REDIS_ULR: expected a known setting; did you mean 'FORESEEN_REDIS_URL'?\n"


def test_a_wrong_value_in_the_environment_names_its_variable(called: Called, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESEEN_PORT", "eighty")

    assert called("serve", "m").err == "foreseen: FORESEEN_PORT: expected a whole number, got 'eighty'\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ports = 80", "ports: expected a known setting; did you mean 'port'?"),
        ('port = "eighty"', "port: expected a whole number, got 'eighty'"),
        ("[server]\nport = 80", "server: expected a known setting"),
        ("port = ", "expected TOML"),
    ],
)
def test_a_wrong_entry_names_its_file(called: Called, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "foreseen.toml"
    path.write_text(text)

    ended = called("serve", "m", "--config", str(path))

    assert ended.code == 2
    assert ended.err.startswith(f"foreseen: {path}: {said}")
    assert ended.err.count("\n") == 1


def test_a_secret_is_not_repeated(called: Called) -> None:
    ended = called("serve", "m", "--redis-url", "http://me:hidden@host")

    assert ended.code == 2
    assert "hidden" not in ended.err


def test_a_flag_overrides_the_environment_which_overrides_the_file(
    called: Called, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "foreseen.toml"
    path.write_text('cache = "from the file"')
    monkeypatch.setenv("FORESEEN_CONFIG", str(path))

    assert "got 'from the file'" in called("serve", "m").err
    monkeypatch.setenv("FORESEEN_CACHE", "from the environment")
    assert "got 'from the environment'" in called("serve", "m").err
    assert "got 'from the flag'" in called("serve", "m", "--cache", "from the flag").err


def errors_of(root: type[ForeseenError]) -> list[type[ForeseenError]]:
    return [known for child in root.__subclasses__() for known in (child, *errors_of(child))]


def named(error: type[ForeseenError], table: object) -> bool:
    return any(parent in table for parent in error.__mro__)  # type: ignore[operator]


def test_every_error_has_an_exit_code() -> None:
    assert [error for error in errors_of(ForeseenError) if not named(error, EXIT_CODES)] == []


def test_every_domain_error_that_http_may_meet_has_a_status() -> None:
    """Files are not scored over HTTP."""
    of_files = ["TableError", "UnwritableError", "TooManyRejectsError"]
    domain = [error for error in errors_of(ForeseenError) if error.__module__ == "foreseen.domain.errors"]

    assert [error.__name__ for error in domain if not named(error, STATUSES)] == of_files


@pytest.mark.parametrize("error", EXIT_CODES)
def test_an_error_is_reported_in_one_line_whatever_its_text(
    error: type[ForeseenError], capfd: pytest.CaptureFixture[str]
) -> None:
    class Worded(error):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            Exception.__init__(self, "first\n  second")

    def fail() -> None:
        raise Worded

    assert run(fail) == EXIT_CODES[error] == exit_code(Worded())
    assert capfd.readouterr().err == "foreseen: first second\n"


def test_an_interrupted_command_reports_that(capfd: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    assert run(interrupted) == exit_codes.INTERRUPTED
    assert capfd.readouterr().err == "foreseen: interrupted\n"


def test_a_command_gives_its_own_code() -> None:
    assert [run(lambda code=code: code) for code in (None, 0, 3)] == [0, 0, 3]  # type: ignore[misc]
