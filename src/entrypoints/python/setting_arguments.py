"""Settings as arguments in Python: by name, in Python's own types."""

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from os import PathLike, environ, fspath
from pathlib import Path
from typing import Final, Literal, TypedDict

from foreseen.domain.did_you_mean import did_you_mean
from foreseen.settings import CONFIG_VARIABLE, CacheName, RedisMode, Settings, SettingsError

FilePath = str | PathLike[str]


class ModelSettings(TypedDict, total=False):
    """The settings of a model and its caches.

    Durations and sizes are numbers of seconds and bytes, or text such as "1h" and "64MiB".
    """

    name: str
    features: str | Sequence[str]
    missing: str | Sequence[str]
    sidecar: FilePath
    code: FilePath
    outputs: str | Sequence[str]
    model_sha256: str
    rows_per_call: int
    model_threads: int
    model_engine: Literal["auto", "library"]
    trusted_types: str | Sequence[str]
    model_isolation: Literal["auto", "process", "thread"]
    cache: CacheName
    cache_nondeterministic: bool
    ttl: float | str
    lru_max_entries: int
    lru_max_bytes: int | str
    redis_url: str
    redis_mode: RedisMode
    redis_user: str
    redis_password_file: FilePath
    redis_lookups: Literal["adaptive", "always"]
    redis_timeout: float | str
    redis_max_connections: int
    redis_secret: str
    lease_min_cost: float | str
    lease: float | str


NAMES: Final = tuple(ModelSettings.__annotations__)


def settings_of(
    model: FilePath, config: FilePath | None, given: Mapping[str, object], *, known: Sequence[str] = NAMES
) -> Settings:
    """Return the settings of a call: its arguments override the environment, which overrides a TOML file.

    Args:
        known: names among which to look for what an unknown name was meant to be.
    Raises:
        SettingsError: a setting is unknown or wrong, or is not one of a model or a cache.
    """
    for name in given:
        if name not in NAMES:
            hint = did_you_mean(name, known, most=inf) or f"those of a model and its caches are {', '.join(NAMES)}"
            raise SettingsError(f"{name}: expected a known setting; {hint}")
    path = _path(model)
    values = {name: plain(value) for name, value in given.items() if value is not None}
    file = config or environ.get(CONFIG_VARIABLE)
    return Settings.load(Path(file) if file else None, {"model": path, **values}, place=str)


def plain(value: object) -> object:
    """Return a value as a setting holds it: several names as a tuple, and a numpy scalar as a Python number."""
    # Without importing numpy: any object with the methods of its scalars and arrays without dimensions.
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return value.item()
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | PathLike | Mapping):
        return tuple(value)
    return value


def _path(model: object) -> Path:
    """Return the path of a model file; raise SettingsError if the argument is no file name."""
    if isinstance(model, str | PathLike) and isinstance(name := fspath(model), str):
        return Path(name)
    advice = "; joblib.dump(model, 'model.joblib') writes a file" if hasattr(model, "fit") else ""
    raise SettingsError(f"model: expected the name of a model file as text, got {type(model).__name__}{advice}")
