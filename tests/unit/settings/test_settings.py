"""Settings: where they come from, which one wins, and how a wrong one is worded."""

import os
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from foreseen.settings import Settings, SettingsError, about_setting, ignored_variables, masked


@pytest.fixture(autouse=True)
def no_settings_of_whoever_runs_this(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("FORESEEN_"):
            monkeypatch.delenv(name)


def written(folder: Path, toml: str) -> Path:
    path = folder / "foreseen.toml"
    path.write_text(toml, encoding="utf-8")
    return path


def rejection(config: Path | None = None, flags: Mapping[str, object] = MappingProxyType({})) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.load(config, flags)
    return str(caught.value)


def test_there_is_a_default_for_everything() -> None:
    settings = Settings.load(None, {})

    assert (settings.cache, settings.ttl, settings.port, settings.host) == ("lru", 3600.0, 8000, "127.0.0.1")


def test_the_command_line_overrides_environment_and_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = written(tmp_path, 'port = 1\nhost = "file"\nworkers = 2\nttl = "5m"')
    monkeypatch.setenv("FORESEEN_PORT", "3")
    monkeypatch.setenv("FORESEEN_HOST", "environment")

    settings = Settings.load(config, {"port": "5"})

    assert (settings.port, settings.host, settings.workers, settings.ttl) == (5, "environment", 2, 300.0)
    assert settings.max_rows == 10_000


def test_a_setting_is_no_more_changed_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings.load(None, {}).port = 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("30s", 30), ("5m", 300), ("1h", 3600), ("2d", 172800), ("1.5h", 5400), (" 1 s ", 1)],
)
def test_durations_have_units(text: str, seconds: float) -> None:
    assert Settings.load(None, {"ttl": text}).ttl == pytest.approx(seconds)


@pytest.mark.parametrize("name", ["ttl", "redis_timeout", "lease", "timeout", "stop_timeout", "model_timeout"])
@pytest.mark.parametrize("number", ["25", "0.5"])
def test_a_duration_without_a_unit_is_rejected_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: str
) -> None:
    expected = f"expected a duration with its unit, such as {number}ms or {number}s, got"
    config = written(tmp_path, f"{name} = {number}")
    assert rejection(config) == f"{config}: {name}: {expected} {number}"
    config = written(tmp_path, f'{name} = "{number}"')
    assert rejection(config) == f"{config}: {name}: {expected} '{number}'"
    with pytest.raises(SettingsError, match=f"{expected} '{number}'"):
        Settings.load(None, {name: number})
    monkeypatch.setenv(f"FORESEEN_{name.upper()}", number)
    assert rejection(None) == f"FORESEEN_{name.upper()}: {expected} '{number}'"


def test_a_duration_of_zero_needs_no_unit(tmp_path: Path) -> None:
    config = written(tmp_path, "ttl = 0")

    assert rejection(config) == f"{config}: ttl: expected more than 0, got 0"


def test_a_duration_that_code_gives_is_a_number_of_seconds(tmp_path: Path) -> None:
    assert Settings(ttl=25).ttl == 25
    assert Settings.load(written(tmp_path, "ttl = 5"), {"ttl": 90.0}, place=str).ttl == 90


@pytest.mark.parametrize(("text", "size"), [("64MiB", 64 * 2**20), ("1GiB", 2**30), ("10kB", 10_000), ("4096", 4096)])
def test_sizes_have_units(text: str, size: int) -> None:
    assert Settings.load(None, {"lru_max_bytes": text}).lru_max_bytes == size


@pytest.mark.parametrize("toml", ['features = "a, b"', 'features = ["a", "b"]'])
def test_words_are_a_list_or_separated_by_commas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toml: str) -> None:
    assert Settings.load(written(tmp_path, toml), {}).features == ("a", "b")
    assert Settings.load(None, {"features": "a,b"}).features == ("a", "b")
    monkeypatch.setenv("FORESEEN_FEATURES", "c,d")
    monkeypatch.setenv("FORESEEN_OUTPUTS", "predict, predict_proba")
    assert Settings.load(written(tmp_path, toml), {}).features == ("c", "d")
    assert Settings.load(None, {}).outputs == ("predict", "predict_proba")


DURATION = "a duration such as 250ms, 30s, 5m, 1h or 2d"
SIZE = "a size such as 512KiB, 8MiB or 1GiB"

WRONG: list[tuple[str, Any, str]] = [
    ("ttl", "soon", f"{DURATION}, got 'soon'"),
    ("ttl", "1w", f"{DURATION}, got '1w'"),
    ("ttl", "", f"{DURATION}, got ''"),
    ("ttl", "-1s", f"{DURATION}, got '-1s'"),
    ("ttl", "0s", "more than 0, got '0s'"),
    ("ttl", "5 min", f"{DURATION}, got '5 min'"),
    ("ttl", "9" * 30 + "s", f"{DURATION}, got '{'9' * 30}s'"),
    ("redis_timeout", "inf", f"{DURATION}, got 'inf'"),
    ("port", "http", "a whole number, got 'http'"),
    ("port", "70000", "65535 or less, got '70000'"),
    ("port", "-1", "0 or more, got '-1'"),
    ("workers", "0", "1 or more, got '0'"),
    ("workers", "257", "256 or less, got '257'"),
    ("timeout", "0", "more than 0, got '0'"),
    ("timeout", "2d", "86400 or less, got '2d'"),
    ("max_waiting", "0", "1 or more, got '0'"),
    ("rows_per_call", "65537", "65536 or less, got '65537'"),
    ("max_rows", "1.5", "a whole number, got '1.5'"),
    ("lru_max_bytes", "much", f"{SIZE}, got 'much'"),
    ("lru_max_bytes", "5 parsecs", f"{SIZE}, got '5 parsecs'"),
    ("max_body", "0", "1 or more, got '0'"),
    ("redis_lookups", "never", "'adaptive' or 'always', got 'never'"),
    ("log_level", "loud", "'debug', 'info', 'warning' or 'error', got 'loud'"),
    ("features", "a,,b", "names separated by commas, each once, got 'a,,b'"),
    ("features", "a,a", "names separated by commas, each once, got 'a,a'"),
    ("outputs", "pre-dict", "names of outputs, such as predict or predict_proba, separated by commas, got 'pre-dict'"),
    ("outputs", "predict,,x", "names separated by commas, each once, got 'predict,,x'"),
    (
        "name",
        "my model",
        "up to 64 letters, digits, dots, dashes and underscores, the first a letter or digit, got 'my model'",
    ),
    ("model_sha256", "abc", "64 hexadecimal digits, or a file that holds them as sha256sum writes it, got 'abc'"),
    ("host", "", "ADDRESS, got ''"),
]


@pytest.mark.parametrize(("name", "text", "expected"), WRONG)
def test_a_wrong_setting_names_its_place_and_what_was_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, expected: str
) -> None:
    config = written(tmp_path, f'{name} = "{text}"')

    assert rejection(config) == f"{config}: {name}: expected {expected}"
    assert rejection(None, {name: text}) == f"--{name.replace('_', '-')}: expected {expected}"
    monkeypatch.setenv(f"FORESEEN_{name.upper()}", text)
    assert rejection() == f"FORESEEN_{name.upper()}: expected {expected}"


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("port = true", "port: expected a whole number, got True"),
        ("port = 80.5", "port: expected a whole number, got 80.5"),
        ("port = [80]", "port: expected a whole number, got [80]"),
        ("ttl = true", f"ttl: expected {DURATION}, got True"),
        ("ttl = -1", "ttl: expected more than 0, got -1"),
        ("ttl = inf", f"ttl: expected {DURATION}, got inf"),
        ("ttl = nan", f"ttl: expected {DURATION}, got nan"),
        ("ttl = [1]", f"ttl: expected {DURATION}, got [1]"),
        ("max_body = [1]", f"max_body: expected {SIZE}, got [1]"),
        ("features = [1, 2]", "features: expected A,B,…, got 1"),
        ("model = 5", "model: expected FILE, got 5"),
        ("name = 5", "name: expected NAME, got 5"),
        ("redis_secret = 5", "redis_secret: expected TEXT, got another"),
        ("[redis_lookups]\nkind = 1", "redis_lookups: expected 'adaptive' or 'always', got {'kind': 1}"),
    ],
)
def test_a_value_of_another_type_in_the_file_is_rejected(tmp_path: Path, toml: str, said: str) -> None:
    config = written(tmp_path, toml)

    assert rejection(config) == f"{config}: {said}"


def test_the_winning_place_is_the_one_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = written(tmp_path, "port = 1")
    monkeypatch.setenv("FORESEEN_PORT", "http")

    assert rejection(config).startswith("FORESEEN_PORT: ")
    assert rejection(config, {"port": "https"}).startswith("--port: ")


def test_an_unknown_setting_in_a_file_gets_a_hint(tmp_path: Path) -> None:
    config = written(tmp_path, "prot = 80")

    assert rejection(config) == f"{config}: prot: expected a known setting; did you mean 'port'?"


def test_an_unknown_setting_in_the_environment_gets_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESEEN_REDISURL", "redis://h")

    assert rejection() == "FORESEEN_REDISURL: expected a known setting; did you mean 'FORESEEN_REDIS_URL'?"


def test_an_unknown_flag_is_rejected_with_a_hint() -> None:
    assert rejection(None, {"prot": "80"}) == "--prot: expected a known setting; did you mean 'port'?"


@pytest.mark.parametrize("toml", ["zzzzzz = 1", "[server]\nport = 1"])
def test_an_unknown_setting_without_a_similar_one_names_the_list(tmp_path: Path, toml: str) -> None:
    config = written(tmp_path, toml)

    assert rejection(config).endswith(": expected a known setting; foreseen serve --help lists them")


@pytest.mark.parametrize("name", ["FORESEEN_CONFIG", "FORESEEN_TEST_REDIS_URL"])
def test_names_that_are_ours_and_no_settings_are_tolerated(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")

    assert Settings.load(None, {}) == Settings()


@pytest.mark.parametrize("name", ["FORESEEN_CONFIGG", "FORESEEN_TESTS", "FORESEEN_", "FORESEEN_port"])
def test_names_that_are_nearly_so_are_not(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "1")

    assert rejection().startswith(f"{name}: expected a known setting; ")


def kubernetes(service: str, address: str = "10.0.0.1") -> dict[str, str]:
    """Return what Kubernetes puts into the environment for a Service with a port called http."""
    url = f"tcp://[{address}]:80" if ":" in address else f"tcp://{address}:80"
    values = {
        "SERVICE_HOST": address,
        "SERVICE_PORT": "80",
        "SERVICE_PORT_HTTP_ADMIN": "80",
        "PORT": url,
        "PORT_80_TCP": url,
        "PORT_80_TCP_PROTO": "tcp",
        "PORT_80_TCP_PORT": "80",
        "PORT_80_TCP_ADDR": address,
        "PORT_53_UDP": url.replace("tcp", "udp"),
        "PORT_53_UDP_PROTO": "udp",
    }
    return {f"{service}_{name}": value for name, value in values.items()}


@pytest.mark.parametrize("service", ["FORESEEN", "FORESEEN_BLUE", "FORESEEN_V2", "FORESEEN_REDIS", "FORESEEN_TTL"])
@pytest.mark.parametrize("address", ["10.0.0.1", "fd00::1"])
def test_variables_of_a_service_in_kubernetes_are_ignored(
    monkeypatch: pytest.MonkeyPatch, service: str, address: str
) -> None:
    for name, value in kubernetes(service, address).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FORESEEN_WORKERS", "2")

    settings = Settings.load(None, {"host": "0.0.0.0"})

    assert (settings.port, settings.workers, settings.host) == (8000, 2, "0.0.0.0")
    assert ignored_variables() == sorted(kubernetes(service))


def test_a_port_flag_overrides_that_of_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESEEN_PORT", "tcp://10.0.0.1:80")

    assert Settings.load(None, {"port": "81"}).port == 81


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "tcp://foreseen:80"),
        ("PORT", "tcp://10.0.0.1"),
        ("PORT", "tcp://10.0.0.1:http"),
        ("PORT", "http://10.0.0.1:80"),
        ("PORT", "tcp://[fd00::1:80"),
        ("PORTS", "tcp://10.0.0.1:80"),
        ("PORT_TCP", "tcp://10.0.0.1:80"),
        ("PORT_80_TCP_ADDR", "here"),
        ("PORT_80_TCP_PROTO", "http"),
        ("SERVICE_HOST", "localhost"),
        ("SERVICE_PORT", "http"),
        ("SERVICE_HOSTS", "10.0.0.1"),
        ("HOSTS", "10.0.0.1"),
        ("WORKER", "2"),
    ],
)
def test_similar_variables_are_still_rejected(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"FORESEEN_{name}", value)

    assert rejection().startswith(f"FORESEEN_{name}: expected ")


def test_a_lower_case_variable_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESEEN_PORT", "2")
    monkeypatch.setenv("foreseen_port", "1")

    assert Settings.load(None, {}).port == 2


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    for path, got in ((tmp_path / "no.toml", "no such file or directory"), (tmp_path, "is a directory")):
        assert rejection(path) == f"{path}: expected a settings file, got {got}"


@pytest.mark.parametrize("content", [b"port 80", b'port = "80', b"port = 1\nport = 2", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_reported(tmp_path: Path, content: bytes) -> None:
    config = tmp_path / "foreseen.toml"
    config.write_bytes(content)

    assert rejection(config).startswith(f"{config}: expected TOML: ")


SECRETS = {
    "redis_secret": "hush-hush",
    "redis_url": "redis://user:hush-hush@127.0.0.1/0",
    "tls_password": "hush-hush",
}


def test_secrets_are_not_shown() -> None:
    settings = Settings.load(None, SECRETS)

    assert "hush-hush" not in repr(settings)
    assert "hush-hush" not in str(settings)
    assert settings.redis_secret.get_secret_value() == "hush-hush"
    assert settings.redis_url == SECRETS["redis_url"]


@pytest.mark.parametrize(
    "flags",
    [
        {"redis_url": "http://user:hush-hush@h"},
        {"redis_url": "redis://user:hush-hush@h:port"},
        {"redis_secret": ["hush-hush"]},
        {"api_keys": "hush-hush"},
        {"admin_keys": "hush-hush"},
        SECRETS | {"port": "x"},
        SECRETS | {"prot": "x"},
    ],
)
def test_no_error_shows_a_secret(flags: dict[str, object]) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load(None, flags)

    assert "hush-hush" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://user:hush@h:1/2", "redis://user:***@h:1/2"),
        ("rediss://:hush@h/2", "rediss://:***@h/2"),
        ("redis://user@h", "redis://user@h"),
        ("redis://user:a%40b@h", "redis://user:***@h"),
        ("redis://user:a@b@h", "redis://user:***@h"),
        ("redis://h/0?password=hush", "redis://h/0"),
        ("unix://user:hush@/run/redis.sock?db=1", "unix://user:***@/run/redis.sock"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
    ],
)
def test_a_masked_url_keeps_its_place_and_loses_its_secrets(url: str, shown: str) -> None:
    assert masked(url) == shown


@pytest.mark.parametrize(
    ("model", "name", "called"),
    [
        ("models/iris.joblib", None, "iris"),
        ("models/iris.v2.joblib", None, "iris"),
        ("mymodule:Model", None, "mymodule-Model"),
        ("package.module:Model.inner", None, "package.module-Model.inner"),
        ("models/delivery.py:Delivery", None, "delivery"),
        ("models/my model (2).pkl", None, "my-model-2"),
        ("models/größe.pkl", None, "gr-e"),
        ("models/.joblib", None, "model"),
        ("models/" + "x" * 100, None, "x" * 64),
        ("models/iris.joblib", "flowers", "flowers"),
        (None, None, "model"),
    ],
)
def test_a_model_is_named_by_its_setting_or_its_file(model: str | None, name: str | None, called: str) -> None:
    flags = {key: value for key, value in {"model": model, "name": name}.items() if value is not None}

    settings = Settings.load(None, flags)

    assert settings.model_name == called
    assert Settings.load(None, {"name": settings.model_name}).name == called


def test_the_groups_follow_one_another_and_the_model_is_the_first_setting() -> None:
    groups = [about_setting(field)["group"] for field in Settings.model_fields.values()]

    assert [group for group, _ in groupby(groups)] == ["Model", "Cache", "Server", "Access", "Logs"]
    assert next(iter(Settings.model_fields)) == "model"


def test_every_setting_has_a_description() -> None:
    for name, field in Settings.model_fields.items():
        about = about_setting(field)
        assert field.description, name
        assert about["group"] in {"Model", "Cache", "Server", "Access", "Logs"}
        assert about["shown"]
        assert about["secret"] == (name in {*SECRETS, "api_keys", "admin_keys"})
