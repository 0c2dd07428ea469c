"""Settings reach the container from the command line, the environment and the file alike."""

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import typer
from pydantic import ByteSize

from foreseen.entrypoints.cli.options.setting_options import with_settings
from foreseen.settings import Settings
from foreseen.wiring.container import wire_caches
from support.setting_kinds import kind_of

BACKENDS = {"none": "NoCache", "lru": "AdaptiveL1", "redis": "AdaptiveCache", "tiered": "TieredCache"}


def settings_of(*args: str) -> Settings:
    """Return what a command with every flag is handed."""
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


def another_value(field: Any) -> str:
    """Return the text of a value that is not the default, by the type of a setting."""
    kind = kind_of(field.annotation)
    if get_origin(kind) is Literal:
        return str(next(each for each in get_args(kind) if each != field.default))
    if kind is bool:
        return str(not field.default).lower()
    if kind is float:
        return f"{field.default + 1:g}s"
    if kind is ByteSize:
        return str(field.default + 1024)
    return str((field.default or 0) + 1) if kind is int else "another"


def test_every_flag_reaches_its_setting(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("p")
    with_a_form_of_their_own = {
        "features": "a, b", "missing": "a", "outputs": "predict,predict_proba", "model_sha256": "ab" * 32,
        "redis_url": "unix:///tmp/s?db=1", "redis_password_file": str(tmp_path / "password"),
        "api_keys": "ab" * 32, "admin_keys": "cd" * 32, "rate_limit": "5/day", "allowed_origins": "http://a.example",
        "allowed_hosts": "a.example", "trusted_proxies": "10.0.0.1", "root_path": "/ml",
    }  # fmt: skip
    given = {
        name: another_value(field) for name, field in Settings.model_fields.items() if name != "model"
    } | with_a_form_of_their_own
    line = [part for name, text in given.items() for part in (f"--{name.replace('_', '-')}", text)]

    settings = settings_of("m.joblib", *line)

    assert settings == Settings.model_validate({**given, "model": "m.joblib"})
    assert (settings.features, settings.lru_max_bytes) == (("a", "b"), 256 * 2**20 + 1024)
    defaults = Settings()
    assert [name for name in given if getattr(settings, name) == getattr(defaults, name)] == []
