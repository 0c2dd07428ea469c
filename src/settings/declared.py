"""Every setting: its name, kind, default, and what --help says of it.

`redis_url` in the file is `FORESEEN_REDIS_URL` in the environment and `--redis-url` on the command line.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ByteSize, ConfigDict, Field, SecretStr, ValidationError

from foreseen.settings.network import HostPatterns, Networks, Origins, RootPath
from foreseen.settings.password_file import checked_password_file, one_password, one_user
from foreseen.settings.redis_mode import RedisMode, fitting_mode
from foreseen.settings.redis_url import checked_redis_url
from foreseen.settings.sources import ENV_PREFIX, SettingsError, of_environment, of_file
from foreseen.settings.values import (
    NAME,
    NAMES_WRITTEN,
    RATE,
    DigestOrFile,
    Digests,
    Duration,
    Outputs,
    UpToADay,
    Whole,
    Words,
)
from foreseen.settings.wording import flag_of, worded


def _setting(default: Any, group: str, description: str, *, shown: str, secret: bool = False, **limits: Any) -> Any:
    """Declare a setting: its group and description stand in --help, `shown` is the form of its value there."""
    extra: Any = {"group": group, "shown": shown, "secret": secret}
    return Field(default, description=description, repr=not secret, json_schema_extra=extra, **limits)


class Settings(BaseModel):
    """Every setting; frozen, read once before anything starts."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True)

    model: Path | None = _setting(None, "Model", "Model file, as joblib or pickle saved it.", shown="FILE")
    name: str | None = _setting(
        None,
        "Model",
        "What it is called in keys, logs and /model. (default: the file's name)",
        shown="NAME",
        pattern=NAME,
    )
    features: Words | None = _setting(
        None,
        "Model",
        "Names of its inputs, in its order. (default: the sidecar's, else the model's own, else x0,x1,…)",
        shown="A,B,…",
    )
    missing: Words | None = _setting(
        None,
        "Model",
        "Names of its inputs that may be missing, beside those that the sidecar or the model say may be.",
        shown="A,B,…",
    )
    sidecar: Path | None = _setting(
        None,
        "Model",
        "TOML file that describes its inputs. (default: the one beside it, model.toml for model.joblib)",
        shown="FILE",
    )
    code: Path | None = _setting(
        None,
        "Model",
        "Python script that defines the model's classes, where the model was saved by running that script. "
        'What trains and saves in it belongs under: if __name__ == "__main__".',
        shown="FILE",
    )
    outputs: Outputs = _setting(("predict",), "Model", "What to ask it: predict, predict_proba or both.", shown="A,B")
    model_sha256: DigestOrFile | None = _setting(
        None,
        "Model",
        "SHA-256 that the file must have, or a file that holds it and is read at each load.",
        shown="HEX|FILE",
    )
    rows_per_call: Whole | None = _setting(
        None,
        "Model",
        "Rows of each model call, 0 for any number. (default: any, unless a row's bits depend on it)",
        shown="N",
        ge=0,
        le=65536,
    )

    model_threads: Whole = _setting(
        1,
        "Model",
        "Threads of its libraries (OpenMP, BLAS). More may change the last bits, and spin beside other work.",
        shown="N",
        ge=1,
        le=1024,
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
    redis_url: Annotated[str, AfterValidator(checked_redis_url)] = _setting(
        "redis://127.0.0.1:6379/0",
        "Cache",
        "Redis or Valkey: redis://, rediss:// or unix://, or redis+sentinel:// with HOSTS/SERVICE.",
        shown="URL",
        secret=True,
    )
    redis_mode: Annotated[RedisMode, AfterValidator(fitting_mode)] = _setting(
        "auto",
        "Cache",
        "One server, a cluster, or the primary that Sentinels name; auto finds out.",
        shown="auto|single|cluster|sentinel",
    )
    redis_user: Annotated[str | None, AfterValidator(one_user)] = _setting(
        None, "Cache", "User of Redis, where its URL names none.", shown="NAME", min_length=1
    )
    redis_password_file: Annotated[Path | None, AfterValidator(one_password), AfterValidator(checked_password_file)] = (
        _setting(
            None,
            "Cache",
            "File that holds the password of Redis, read again for each connection.",
            shown="FILE",
        )
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
    root_path: RootPath = _setting(
        "/",
        "Server",
        "Path that a proxy has put the service below, such as /ml, whether it passes that on or not.",
        shown="PATH",
    )
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
    max_unfinished_bodies: ByteSize = _setting(
        64 * 2**20,
        "Server",
        "Memory that bodies on their way may take together in one process, beyond 64KiB each.",
        shown="SIZE",
        ge=1,
    )
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
    keep_alive: Duration = _setting(
        75.0,
        "Server",
        "How long an idle connection is kept for the next request: longer than the balancer in front keeps it.",
        shown="TIME",
    )
    max_connections: Whole = _setting(
        10_000, "Server", "Connections of one process; as many as its files allow, if that is less.", shown="N", ge=1
    )

    access_log: Literal["off", "on"] = _setting(
        "off", "Server", "Whether each request is logged, in the form of log_format.", shown="off|on"
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
    allowed_hosts: HostPatterns | None = _setting(
        None,
        "Access",
        "Hosts that requests may be for: a.example, *.example, 10.0.0.0/8, or * for any. (default: on loopback its own "
        "names and addresses, elsewhere any)",
        shown="HOST,HOST",
    )
    allowed_origins: Origins = _setting(
        (),
        "Access",
        "Origins whose pages may read answers (CORS): https://a.example, https://*.a.example, or * for any.",
        shown="URL,URL",
    )
    trusted_proxies: Networks = _setting(
        (),
        "Access",
        "Addresses or networks of proxies: whom these name in X-Forwarded-For or Forwarded is a request's client.",
        shown="A,B",
    )
    rate_limit: str | None = _setting(
        None,
        "Access",
        "Requests of one key, or else address, in one process: 100/second, 6000/minute. (default: any number)",
        shown="N/UNIT",
        pattern=RATE,
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
    def load(cls, config: Path | None, given: Mapping[str, object], *, place: Callable[[str], str] = flag_of) -> Self:
        """Read the file, the environment, and what a caller gives, which comes before both.

        Args:
            config: a TOML file; None for none.
            given: values by setting, such as those of the command line.
            place: names a setting of these in errors; as its flag, by default.
        Raises:
            SettingsError: the first setting that is unknown or wrong.
        """
        from_file, from_environment = of_file(config, cls.model_fields), of_environment(cls.model_fields)
        places = {name: f"{config}: {name}" for name in from_file}
        places |= {name: ENV_PREFIX + name.upper() for name in from_environment}
        places |= {name: place(name) for name in given}
        try:
            return cls.model_validate(
                {**from_file, **from_environment, **given},
                context={NAMES_WRITTEN: from_file.keys() - from_environment.keys() - given.keys()},
            )
        except ValidationError as exc:
            raise SettingsError(worded(exc, places, cls.model_fields)) from None

    @property
    def is_cache_chosen(self) -> bool:
        """Whether the operator said which tiers to use."""
        return "cache" in self.model_fields_set and self.cache != "auto"

    @property
    def tiers(self) -> Literal["none", "lru", "redis", "tiered"]:
        """The tiers that there are: auto has Redis where its URL was set."""
        if self.cache != "auto":
            return self.cache
        return "tiered" if "redis_url" in self.model_fields_set else "lru"

    @property
    def model_name(self) -> str:
        """The name, or what the file's name gives of one."""
        stem = self.model.name.split(".")[0] if self.model else ""
        return self.name or re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64] or "model"
