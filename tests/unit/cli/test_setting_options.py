"""Settings reach the container from the command line, the environment and the file alike."""

from pathlib import Path

import pytest
import typer

from foreseen.entrypoints.cli.options.setting_options import with_settings
from foreseen.settings import Settings
from foreseen.wiring.container import wire_caches

BACKENDS = {"none": "NoCache", "lru": "LruCache", "redis": "WorthwhileCache", "tiered": "TieredCache"}


def settings_of(*args: str) -> Settings:
    """Give what a command with every flag is handed."""
    handed: list[Settings] = []

    def take(settings: Settings) -> None:
        handed.append(settings)

    app = typer.Typer(add_completion=False)
    app.command()(with_settings("Model", "Cache", "Server", "Access", "Logs")(take))
    app(list(args), standalone_mode=False)
    return handed[0]


@pytest.mark.parametrize(("cache", "adapter"), BACKENDS.items())
@pytest.mark.parametrize("way", ["flag", "environment", "file"])
def test_the_cache_is_changed_by_configuration_alone(
    cache: str, adapter: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args: list[str] = []
    if way == "flag":
        args = ["--cache", cache]
    elif way == "environment":
        monkeypatch.setenv("FORESEEN_CACHE", cache)
    else:
        (tmp_path / "foreseen.toml").write_text(f'cache = "{cache}"')
        args = ["--config", str(tmp_path / "foreseen.toml")]

    settings = settings_of("model.joblib", *args)

    assert settings.cache == cache
    assert type(wire_caches(settings, "requests").cache).__name__ == adapter


def test_flags_that_are_not_given_leave_the_defaults() -> None:
    assert settings_of() == Settings()


def test_every_flag_reaches_its_setting(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p")
    given = {
        "name": "iris", "features": "a, b", "missing": "a", "sidecar": "s.toml", "code": "c.py",
        "outputs": "predict,predict_proba",
        "model_sha256": "ab" * 32, "rows_per_call": "8", "cache": "redis", "ttl": "2d", "lru_max_entries": "5",
        "lru_max_bytes": "64MiB", "redis_url": "unix:///tmp/s?db=1", "redis_timeout": "5ms",
        "redis_max_connections": "4", "redis_secret": "s", "redis_lookups": "always",
        "redis_mode": "single", "redis_user": "me", "redis_password_file": str(tmp_path / "password"),
        "lease_min_cost": "1s", "lease": "5s",
        "host": "::1", "port": "1", "workers": "2",
        "model_isolation": "thread", "max_body": "1KiB", "max_unfinished_bodies": "1MiB", "max_rows": "7",
        "receive_timeout": "9s", "keep_alive": "9s", "max_connections": "8",
        "api_keys": "ab" * 32, "admin_keys": "cd" * 32, "rate_limit": "5/day",
        "allowed_origins": "http://a.example",
        "allowed_hosts": "a.example", "trusted_proxies": "10.0.0.1", "root_path": "/ml",
        "max_waiting": "9", "model_timeout": "2s", "stop_timeout": "3s", "timeout": "3s",
        "cache_nondeterministic": "true", "model_threads": "2",
        "tls_certificate": "c.pem", "tls_key": "k.pem", "tls_password": "p", "log_format": "json", "access_log": "on",
        "log_level": "error",
    }  # fmt: skip
    line = [part for name, text in given.items() for part in (f"--{name.replace('_', '-')}", text)]

    settings = settings_of("m.joblib", *line)

    assert {*given, "model"} == set(Settings.model_fields)
    assert settings == Settings.model_validate({**given, "model": "m.joblib"})
    defaults = Settings()
    assert [name for name in given if getattr(settings, name) == getattr(defaults, name)] == []
    assert (settings.features, settings.ttl, settings.lru_max_bytes) == (("a", "b"), 172_800, 64 * 2**20)
