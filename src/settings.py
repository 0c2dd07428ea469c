"""What an operator may set: a TOML file < the environment < the command line; one name in all three.

`redis_url` in the file is `FORESEEN_REDIS_URL` in the environment and `--redis-url` on the command line.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import parse_qs, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from foreseen.domain.errors import ForeseenError
from foreseen.domain.near import near_hint

ENV_PREFIX: Final = "FORESEEN_"
_CONFIG: Final = "FORESEEN_CONFIG"
_TEST_PREFIX: Final = "FORESEEN_TEST_"
"""Names in the environment that are ours and no settings: where the file is, and what tests are told."""

_UNIT_S: Final = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_SHA256: Final = r"^[0-9A-Fa-f]{64}$"
_RATE: Final = r"^[1-9]\d{0,8}/(second|minute|hour|day)$"
_FORMS: Final = {
    _NAME: "up to 64 letters, digits, dots, dashes and underscores, the first a letter or digit",
    _SHA256: "64 hexadecimal digits",
    _RATE: "a number a second, minute, hour or day, such as 100/second",
}


class SettingsError(ForeseenError):
    """A setting is unknown or wrong; says where it stands and what was expected."""


def _duration(value: object) -> object:
    """Read "250ms", "30s", "5m", "1h", "2d" or a number of seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?\s*", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a duration such as 30s, 5m, 1h or 2d")
    return float(match[1]) * _UNIT_S[match[2] or "s"]


def _no_bool(value: object) -> object:
    """Keep true from being read as 1."""
    if isinstance(value, bool):
        raise ValueError("a whole number")
    return value


def _words(value: object) -> object:
    """Read "a, b" as two words."""
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


def _distinct(words: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(words)) < len(words) or not all(words):
        raise ValueError("names separated by commas, each once")
    return words


def _outputs(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words or not set(words) <= {"predict", "predict_proba"}:
        raise ValueError("predict, predict_proba or both, separated by a comma")
    return words


def _digests(words: tuple[str, ...]) -> tuple[str, ...]:
    if not all(re.fullmatch(_SHA256, word) for word in words):
        raise ValueError("the SHA-256 of each key, in 64 hexadecimal digits, as foreseen key prints it")
    return words


def _redis_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_unix = parts.scheme == "unix"
        place = parts.path if is_unix else parts.hostname
        is_known = parts.scheme in ("redis", "rediss", "unix") and bool(place) and parts.port != 0
        has_database = is_unix or re.fullmatch(r"/?\d*", parts.path) is not None
        # Whatever else redis-py takes there would override how it is used here, or fail when it first connects.
        options = parse_qs(parts.query, keep_blank_values=True)
        is_plain = all(
            name.startswith("ssl_") or (name == "db" and value[0].isdecimal()) for name, value in options.items()
        )
    except ValueError:  # a port that is no number
        is_known = has_database = is_plain = False
    if not (is_known and has_database and is_plain):
        raise ValueError("a URL such as redis://127.0.0.1:6379/0, rediss://…?ssl_ca_certs=FILE or unix://…")
    return url


Duration = Annotated[float, BeforeValidator(_duration), Field(gt=0, allow_inf_nan=False)]
UpToADay = Annotated[float, BeforeValidator(_duration), Field(gt=0, le=86400, allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_no_bool)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words), AfterValidator(_distinct)]
Digests = Annotated[Words, AfterValidator(_digests)]


def _setting(default: Any, group: str, description: str, *, shown: str, secret: bool = False, **limits: Any) -> Any:
    """Declare a setting: its group and description stand in --help, `shown` is the form of its value there."""
    extra: Any = {"group": group, "shown": shown, "secret": secret}
    return Field(default, description=description, repr=not secret, json_schema_extra=extra, **limits)


def about_setting(field: Any) -> dict[str, Any]:
    """Give the group, the shown form and the secrecy of a setting, from its field."""
    return dict(field.json_schema_extra)


class Settings(BaseModel):
    """Every setting; frozen, read once before anything starts."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True)

    model: Path | None = _setting(None, "Model", "Model file, as joblib or pickle saved it.", shown="FILE")
    name: str | None = _setting(
        None,
        "Model",
        "What it is called in keys, logs and /model. (default: the file's name)",
        shown="NAME",
        pattern=_NAME,
    )
    features: Words | None = _setting(
        None,
        "Model",
        "Names of its inputs, in its order. (default: the sidecar's, else the model's own, else x0,x1,…)",
        shown="A,B,…",
    )
    sidecar: Path | None = _setting(
        None,
        "Model",
        "TOML file that describes its inputs. (default: the one beside it, model.toml for model.joblib)",
        shown="FILE",
    )
    outputs: Annotated[Words, AfterValidator(_outputs)] = _setting(
        ("predict",), "Model", "What to ask it: predict, predict_proba or both.", shown="A,B"
    )
    model_sha256: str | None = _setting(None, "Model", "SHA-256 that the file must have.", shown="HEX", pattern=_SHA256)
    rows_per_call: Whole | None = _setting(
        None,
        "Model",
        "Rows of each model call, 0 for any number. (default: any, unless a row's bits depend on it)",
        shown="N",
        ge=0,
        le=65536,
    )

    cache: Literal["none", "lru", "redis", "tiered", "auto"] = _setting(
        "lru",
        "Cache",
        "none; lru, in this process; redis, shared; tiered, lru before redis; auto, lru or, with a redis_url, tiered.",
        shown="none|lru|redis|tiered|auto",
    )
    cache_when: Literal["deterministic", "always"] = _setting(
        "deterministic",
        "Cache",
        "deterministic: nothing of a model that contradicts itself when it is loaded; always: all the same.",
        shown="deterministic|always",
    )
    ttl: Duration = _setting(3600.0, "Cache", "How long a prediction is kept: 30s, 5m, 1h, 2d.", shown="TIME")
    lru_max_entries: Whole = _setting(100_000, "Cache", "Predictions that lru holds at most.", shown="N", ge=1)
    lru_max_bytes: ByteSize = _setting(
        256 * 2**20, "Cache", "Memory that lru takes at most: 64MiB, 1GiB.", shown="SIZE", ge=1
    )
    redis_url: Annotated[str, AfterValidator(_redis_url)] = _setting(
        "redis://127.0.0.1:6379/0",
        "Cache",
        "Redis or Valkey: redis://, rediss:// or unix://.",
        shown="URL",
        secret=True,
    )
    redis_when: Literal["pays", "always"] = _setting(
        "pays",
        "Cache",
        "pays: ask Redis for few keys only, while that costs more than the model; always: for all.",
        shown="pays|always",
    )
    redis_timeout: Duration = _setting(0.025, "Cache", "What Redis may cost one request.", shown="TIME")
    redis_max_connections: Whole = _setting(32, "Cache", "Connections of one process to Redis.", shown="N", ge=1)
    redis_secret: SecretStr = _setting(
        SecretStr(""),
        "Cache",
        "Secret that all replicas share: entries written without it are not served.",
        shown="TEXT",
        secret=True,
    )
    lease_above: Duration = _setting(
        0.05,
        "Cache",
        "Model time of an instance from which processes that share Redis wait for each other's computation.",
        shown="TIME",
    )
    lease: Duration = _setting(2.0, "Cache", "How long they wait at most for a process that has died.", shown="TIME")

    host: str = _setting("127.0.0.1", "Server", "Address to listen on.", shown="ADDRESS", min_length=1)
    port: Whole = _setting(8000, "Server", "Port to listen on, 0 for any free one.", shown="N", ge=0, le=65535)
    workers: Whole = _setting(
        1, "Server", "Processes that serve, each with the model and its own lru.", shown="N", ge=1, le=256
    )
    model_in: Literal["process", "thread"] = _setting(
        "process",
        "Server",
        "Where the model computes: in a process of its own, or in a thread beside what serves.",
        shown="process|thread",
    )
    model_timeout: Duration = _setting(
        60.0, "Server", "What one call of the model may take: then its process is replaced.", shown="TIME"
    )
    stop_timeout: Duration = _setting(
        20.0, "Server", "What requests under way may take once it is told to stop.", shown="TIME"
    )
    max_body: ByteSize = _setting(8 * 2**20, "Server", "Largest request body taken: 512KiB, 8MiB.", shown="SIZE", ge=1)
    max_rows: Whole = _setting(10_000, "Server", "Most instances in one request.", shown="N", ge=1)
    max_waiting: Whole = _setting(
        10_000,
        "Server",
        "Instances that may wait for the model in one process; who would be more is told to come back.",
        shown="N",
        ge=1,
    )
    timeout: UpToADay = _setting(
        30.0,
        "Server",
        "How long a request may wait for its answer; its header Request-Timeout shortens that.",
        shown="TIME",
    )

    receive_timeout: Duration = _setting(
        30.0, "Server", "How long a request may take to arrive, and its answer to be taken.", shown="TIME"
    )
    max_connections: Whole = _setting(
        10_000, "Server", "Connections of one process; as many as its files allow, if that is less.", shown="N", ge=1
    )

    api_keys: Digests = _setting(
        (),
        "Access",
        "SHA-256 of each key that may ask; without any, all may. foreseen key makes one.",
        shown="HEX,HEX",
        secret=True,
    )
    admin_keys: Digests = _setting(
        (),
        "Access",
        "SHA-256 of each key that may do everything, /admin too; without any, this machine may if api_keys is empty.",
        shown="HEX,HEX",
        secret=True,
    )
    rate_limit: str | None = _setting(
        None,
        "Access",
        "Requests of one key, or else address, in one process: 100/second, 6000/minute. (default: any number)",
        shown="N/UNIT",
        pattern=_RATE,
    )
    tls_certificate: Path | None = _setting(
        None, "Access", "PEM file of the server's certificate and those that vouch for it: https then.", shown="FILE"
    )
    tls_key: Path | None = _setting(
        None, "Access", "PEM file of its private key. (default: in the same file)", shown="FILE"
    )
    tls_password: SecretStr = _setting(
        SecretStr(""), "Access", "Password of the private key.", shown="TEXT", secret=True
    )

    log_format: Literal["text", "json"] = _setting("text", "Logs", "How log lines look.", shown="text|json")
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "Logs", "What is logged.", shown="debug|info|warning|error"
    )

    @classmethod
    def load(cls, config: Path | None, flags: Mapping[str, object]) -> Self:
        """Read the file, the environment and the command line.

        Args:
            config: a TOML file; None for none.
            flags: what was given on the command line, by setting.
        Raises:
            SettingsError: the first setting that is unknown or wrong.
        """
        from_file, from_environment = _read_file(cls, config), _read_environment(cls)
        places = {name: f"{config}: {name}" for name in from_file}
        places |= {name: ENV_PREFIX + name.upper() for name in from_environment}
        places |= {name: "--" + name.replace("_", "-") for name in flags}
        try:
            return cls(**{**from_file, **from_environment, **flags})
        except ValidationError as exc:
            raise SettingsError(_worded(exc, places)) from None

    @property
    def is_cache_chosen(self) -> bool:
        """Whether the operator said which tiers to use."""
        return "cache" in self.model_fields_set and self.cache != "auto"

    def with_tiers(self) -> Self:
        """Give the same with the tiers that auto means: Redis where its URL was set."""
        if self.cache != "auto":
            return self
        return self.model_copy(update={"cache": "tiered" if "redis_url" in self.model_fields_set else "lru"})

    @property
    def model_name(self) -> str:
        """The name, or what the file's name gives of one."""
        stem = self.model.name.split(".")[0] if self.model else ""
        return self.name or re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64] or "model"


def masked(url: str) -> str:
    """Give a URL without what its user keeps to themselves: password, and query."""
    parts = urlsplit(url)
    user = f"{parts.username or ''}:***@" if parts.password else f"{parts.username}@" if parts.username else ""
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{user}{place}{parts.path}"


def _read_file(cls: type[Settings], config: Path | None) -> dict[str, Any]:
    if config is None:
        return {}
    try:
        values = tomllib.loads(config.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SettingsError(f"{config}: expected a settings file, got {(exc.strerror or str(exc)).lower()}") from None
    except ValueError as exc:  # no TOML, or no UTF-8
        raise SettingsError(f"{config}: expected TOML: {exc}") from None
    _refuse_unknown(values, known=cls.model_fields, place=lambda name: f"{config}: {name}")
    return values


def _read_environment(cls: type[Settings]) -> dict[str, Any]:
    given = {name: text for name, text in os.environ.items() if name.startswith(ENV_PREFIX)}
    ours = {name: text for name, text in given.items() if name != _CONFIG and not name.startswith(_TEST_PREFIX)}
    names = {ENV_PREFIX + field.upper(): field for field in cls.model_fields}
    _refuse_unknown(ours, known=names, place=str)
    return {names[name]: text for name, text in ours.items()}


def _refuse_unknown(given: Any, *, known: Mapping[str, object], place: Any) -> None:
    for name in given:
        if name not in known:
            hint = near_hint(name, known) or "foreseen serve --help lists them"
            raise SettingsError(f"{place(name)}: expected a known setting; {hint}")


def _worded(exc: ValidationError, places: Mapping[str, str]) -> str:
    error = exc.errors(include_url=False)[0]
    name = str(error["loc"][0])
    place = places.get(name, name)
    known = Settings.model_fields.get(name)
    if known is None:
        return f"{place}: expected a known setting; {near_hint(name, Settings.model_fields)}"
    about = about_setting(known)
    got = "another" if about["secret"] else repr(error["input"])
    return f"{place}: expected {_expectation(error, about['shown'])}, got {got}"


def _expectation(error: Any, shown: str) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return str(context["expected"])
        case "greater_than_equal" | "less_than_equal" | "greater_than":
            words = {"ge": "{:g} or more", "le": "{:g} or less", "gt": "more than {:g}"}
            return next(said.format(context[sign]) for sign, said in words.items() if sign in context)
        case "string_pattern_mismatch":
            return _FORMS[context["pattern"]]
        case "int_parsing" | "int_type" | "int_from_float":
            return "a whole number"
        case "byte_size" | "byte_size_unit":
            return "a size such as 512KiB, 8MiB or 1GiB"
        case _:
            return shown
