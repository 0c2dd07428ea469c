"""Every setting: its name, kind, default, and what --help says of it.

`redis_url` in the file is `FORESEEN_REDIS_URL` in the environment and `--redis-url` on the command line.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ByteSize, ConfigDict, Field, SecretStr, ValidationError

from foreseen.settings.network_values import HostPatterns, Networks, Origins, RootPath
from foreseen.settings.password_file import checked_password_file, one_password, one_user
from foreseen.settings.redis_mode import RedisMode, fitting_mode
from foreseen.settings.redis_url import checked_redis_url
from foreseen.settings.setting_messages import flag_of, worded
from foreseen.settings.setting_sources import ENV_PREFIX, SettingsError, of_environment, of_file
from foreseen.settings.setting_values import (
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
from foreseen.settings.tiers import CACHE_NAMES, CACHES_IN_WORDS, TIERS, CacheName, Tiers


def _setting(default: Any, group: str, description: str, *, shown: str, secret: bool = False, **limits: Any) -> Any:
    """Declare a setting: its group and description are shown in --help, `shown` is the form of its value there."""
    extra: Any = {"group": group, "shown": shown, "secret": secret}
    return Field(default, description=description, repr=not secret, json_schema_extra=extra, **limits)


class Settings(BaseModel):
    """Every setting; frozen, read once before anything starts."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
        defer_build=True,  # --help reads no settings
    )

    model: Path | None = _setting(
        None,
        "Model",
        "Model file: of joblib, pickle, skops, LightGBM, XGBoost, CatBoost, ONNX, PyTorch, Keras; a folder of MLflow "
        "or TensorFlow; a Python file with load(); or MODULE:NAME of a class or function.",
        shown="FILE",
    )
    name: str | None = _setting(
        None,
        "Model",
        "Name of the model in keys, logs and /model. (default: the file's name)",
        shown="NAME",
        pattern=NAME,
    )
    features: Words | None = _setting(
        None,
        "Model",
        "Names of the features, in order. (default: from the sidecar, else from the model, else x0,x1,…)",
        shown="A,B,…",
    )
    missing: Words | None = _setting(
        None,
        "Model",
        "Names of features that may be missing, in addition to those that the sidecar or the model declares.",
        shown="A,B,…",
    )
    sidecar: Path | None = _setting(
        None,
        "Model",
        "TOML file that describes the features. (default: the one beside the model, model.toml for model.joblib)",
        shown="FILE",
    )
    code: Path | None = _setting(
        None,
        "Model",
        "Python script that defines the model's classes, if the model was saved by running that script; or the module "
        'of weights that torch.save wrote. Its code that trains and saves must be under: if __name__ == "__main__".',
        shown="FILE",
    )
    outputs: Outputs = _setting(
        ("predict",),
        "Model",
        "Outputs of the model to predict, such as predict,predict_proba or decision_function.",
        shown="A,B",
    )
    model_sha256: DigestOrFile | None = _setting(
        None,
        "Model",
        "SHA-256 that the model file or folder must have, or a file that contains it and is read at each load.",
        shown="HEX|FILE",
    )
    rows_per_call: Whole | None = _setting(
        None,
        "Model",
        "Number of rows in each model call, 0 for any. (default: any, unless predictions depend on it)",
        shown="N",
        ge=0,
        le=65536,
    )

    model_threads: Whole = _setting(
        1,
        "Model",
        "Threads of the model's libraries (OpenMP, BLAS). More may change the last bits of predictions.",
        shown="N",
        ge=1,
        le=1024,
    )

    model_engine: Literal["auto", "library"] = _setting(
        "auto",
        "Model",
        "auto: compute small calls of tree models by an engine if it has the library's bits; library: never.",
        shown="auto|library",
    )

    trusted_types: Words = _setting(
        (),
        "Model",
        "Types that a skops file may contain besides those that skops trusts, such as mycode.Model. Their code runs.",
        shown="A,B,…",
    )

    cache: CacheName = _setting("lru", "Cache", CACHES_IN_WORDS, shown=CACHE_NAMES)
    cache_nondeterministic: bool = _setting(
        False,
        "Cache",
        "Whether to cache a model whose predictions for the same instance differed when it was loaded.",
        shown="true|false",
    )
    ttl: Duration = _setting(3600.0, "Cache", "How long a prediction is kept: 30s, 5m, 1h, 2d.", shown="TIME")
    lru_max_entries: Whole = _setting(100_000, "Cache", "Maximum number of predictions in the lru.", shown="N", ge=1)
    lru_max_bytes: ByteSize = _setting(
        256 * 2**20, "Cache", "Maximum memory of the lru: 64MiB, 1GiB.", shown="SIZE", ge=1
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
        "One server, a cluster, or the primary that Sentinels name; auto detects which.",
        shown="auto|single|cluster|sentinel",
    )
    redis_user: Annotated[str | None, AfterValidator(one_user)] = _setting(
        None, "Cache", "Redis user, if redis_url names none.", shown="NAME", min_length=1
    )
    redis_password_file: Annotated[Path | None, AfterValidator(one_password), AfterValidator(checked_password_file)] = (
        _setting(
            None,
            "Cache",
            "File that contains the Redis password, read again for each connection.",
            shown="FILE",
        )
    )
    redis_lookups: Literal["adaptive", "always"] = _setting(
        "adaptive",
        "Cache",
        "adaptive: look up only a few keys in Redis while that costs more than the model; always: look up all.",
        shown="adaptive|always",
    )
    redis_timeout: Duration = _setting(0.025, "Cache", "Longest time that Redis may cost one request.", shown="TIME")
    redis_max_connections: Whole = _setting(
        32, "Cache", "Maximum connections of one process to Redis (in a cluster, to each node).", shown="N", ge=1
    )
    redis_secret: SecretStr = _setting(
        SecretStr(""),
        "Cache",
        "Secret shared by all replicas: entries written without it are not served.",
        shown="TEXT",
        secret=True,
    )
    lease_min_cost: Duration = _setting(
        0.05,
        "Cache",
        "Model time per instance above which processes that share Redis wait for each other's computation.",
        shown="TIME",
    )
    lease: Duration = _setting(
        2.0, "Cache", "Longest wait for the computation of a process that may have died.", shown="TIME"
    )

    host: str = _setting("127.0.0.1", "Server", "Address to listen on.", shown="ADDRESS", min_length=1)
    port: Whole = _setting(8000, "Server", "Port to listen on, 0 for any free port.", shown="N", ge=0, le=65535)
    root_path: RootPath = _setting(
        "/",
        "Server",
        "Path below which a proxy serves this, such as /ml, whether the proxy strips it or not.",
        shown="PATH",
    )
    workers: Whole = _setting(
        1,
        "Server",
        "Number of serving processes, each with its own copy of the model and its own lru.",
        shown="N",
        ge=1,
        le=256,
    )
    model_isolation: Literal["auto", "process", "thread"] = _setting(
        "auto",
        "Server",
        "Where the model runs: in a process of its own, or in a thread of the serving process; auto: in a process, "
        "but calls that cost less than sending them there on the event loop.",
        shown="auto|process|thread",
    )
    model_timeout: Duration = _setting(
        60.0, "Server", "Time limit of one model call; after that its process is replaced.", shown="TIME"
    )
    stop_timeout: Duration = _setting(
        20.0, "Server", "How long requests under way may take after SIGTERM or SIGINT.", shown="TIME"
    )
    max_body: ByteSize = _setting(8 * 2**20, "Server", "Largest request body: 512KiB, 8MiB.", shown="SIZE", ge=1)
    max_unfinished_bodies: ByteSize = _setting(
        64 * 2**20,
        "Server",
        "Maximum memory for all unfinished request bodies of one process, beyond 64KiB each.",
        shown="SIZE",
        ge=1,
    )
    max_rows: Whole = _setting(10_000, "Server", "Maximum number of instances in one request.", shown="N", ge=1)
    max_waiting: Whole = _setting(
        10_000,
        "Server",
        "Maximum number of instances that wait for the model in one process; others get 503 and Retry-After.",
        shown="N",
        ge=1,
    )
    timeout: UpToADay = _setting(
        30.0,
        "Server",
        "How long a request may wait for its answer; the header Request-Timeout can shorten it.",
        shown="TIME",
    )

    receive_timeout: Duration = _setting(
        30.0, "Server", "How long a request may take to arrive, and a client may take to read the answer.", shown="TIME"
    )
    keep_alive: Duration = _setting(
        75.0,
        "Server",
        "How long an idle connection is kept open; must be longer than the idle timeout of a load balancer in front.",
        shown="TIME",
    )
    max_connections: Whole = _setting(
        10_000,
        "Server",
        "Maximum connections of one process; fewer if its limit of open files requires it.",
        shown="N",
        ge=1,
    )

    access_log: Literal["off", "on"] = _setting(
        "off", "Server", "Log each request, in the format of log_format.", shown="off|on"
    )

    api_keys: Digests = _setting(
        (),
        "Access",
        "SHA-256 of each API key (see foreseen key); without any, requests need no key.",
        shown="HEX,HEX",
        secret=True,
    )
    admin_keys: Digests = _setting(
        (),
        "Access",
        "SHA-256 of each key that may also use /admin; without any, only this machine may, if api_keys is empty.",
        shown="HEX,HEX",
        secret=True,
    )
    allowed_hosts: HostPatterns | None = _setting(
        None,
        "Access",
        "Accepted values of Host: a.example, *.example, 10.0.0.0/8, or * for any. (default: on loopback its own "
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
        "Addresses or networks of proxies whose X-Forwarded-For or Forwarded names the client.",
        shown="A,B",
    )
    rate_limit: str | None = _setting(
        None,
        "Access",
        "Maximum rate of requests per key, else per address, in one process: 100/second, 6000/minute. (default: any)",
        shown="N/UNIT",
        pattern=RATE,
    )
    tls_certificate: Path | None = _setting(
        None, "Access", "PEM file of the server's certificate chain; turns on https.", shown="FILE"
    )
    tls_key: Path | None = _setting(
        None, "Access", "PEM file of the private key. (default: the certificate's file)", shown="FILE"
    )
    tls_password: SecretStr = _setting(
        SecretStr(""), "Access", "Password of the private key.", shown="TEXT", secret=True
    )

    log_format: Literal["text", "json"] = _setting("text", "Logs", "Format of log lines.", shown="text|json")
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "Logs", "Least severe level that is logged.", shown="debug|info|warning|error"
    )

    @classmethod
    def load(cls, config: Path | None, given: Mapping[str, object], *, place: Callable[[str], str] = flag_of) -> Self:
        """Read the file, the environment, and the caller's values, which override both.

        Args:
            config: a TOML file; None for none.
            given: values by setting, such as those of the command line.
            place: returns what errors call a setting that was given, by its name; its flag by default.
        Raises:
            SettingsError: a setting is unknown or wrong; the message describes the first one.
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
        """Whether the operator chose the tiers."""
        return "cache" in self.model_fields_set and self.cache != "auto"

    @property
    def tiers(self) -> Tiers:
        """The tiers in use: auto includes Redis if its URL was set."""
        if self.cache != "auto":
            return TIERS[self.cache]
        return TIERS["tiered" if "redis_url" in self.model_fields_set else "lru"]

    @property
    def model_name(self) -> str:
        """The name, or one derived from the file's name, or from MODULE:NAME."""
        written = self.model.name if self.model else ""
        stem = written if ":" in written and ".py:" not in written else written.split(".")[0]
        return self.name or re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64] or "model"
