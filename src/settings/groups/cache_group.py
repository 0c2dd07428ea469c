"""CacheGroup: the settings of the caches: which, for how long, how large, and what Redis may cost."""

from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, ByteSize, SecretStr

from foreseen.settings.groups.setting_group import SettingGroup, setting
from foreseen.settings.password_file import checked_password_file, one_password, one_user
from foreseen.settings.redis_mode import RedisMode, fitting_mode
from foreseen.settings.redis_url import checked_redis_url
from foreseen.settings.setting_values import Duration, Whole
from foreseen.settings.tiers import CACHE_NAMES, CACHES_IN_WORDS, TIERS, CacheName, Tiers

_setting: Final = partial(setting, "Cache")


class CacheGroup(SettingGroup):
    """The settings of the caches: which, for how long, how large, and what Redis may cost."""

    cache: CacheName = _setting("lru", CACHES_IN_WORDS, shown=CACHE_NAMES)
    cache_nondeterministic: bool = _setting(
        False,
        "Whether to cache a model whose predictions for the same instance differed when it was loaded.",
        shown="true|false",
    )
    ttl: Duration = _setting(3600.0, "How long a prediction is kept: 30s, 5m, 1h, 2d.", shown="TIME")
    lru_max_entries: Whole = _setting(100_000, "Maximum number of predictions in the lru.", shown="N", ge=1)
    lru_max_bytes: ByteSize = _setting(256 * 2**20, "Maximum memory of the lru: 64MiB, 1GiB.", shown="SIZE", ge=1)
    redis_url: Annotated[str, AfterValidator(checked_redis_url)] = _setting(
        "redis://127.0.0.1:6379/0",
        "Redis or Valkey: redis://, rediss:// or unix://, or redis+sentinel:// with HOSTS/SERVICE.",
        shown="URL",
        secret=True,
    )
    redis_mode: Annotated[RedisMode, AfterValidator(fitting_mode)] = _setting(
        "auto",
        "One server, a cluster, or the primary that Sentinels name; auto detects which.",
        shown="auto|single|cluster|sentinel",
    )
    redis_user: Annotated[str | None, AfterValidator(one_user)] = _setting(
        None, "Redis user, if redis_url names none.", shown="NAME", min_length=1
    )
    redis_password_file: Annotated[Path | None, AfterValidator(one_password), AfterValidator(checked_password_file)] = (
        _setting(
            None,
            "File that contains the Redis password, read again for each connection.",
            shown="FILE",
        )
    )
    redis_lookups: Literal["adaptive", "always"] = _setting(
        "adaptive",
        "adaptive: look up only a few keys in Redis while that costs more than the model; always: look up all.",
        shown="adaptive|always",
    )
    redis_timeout: Duration = _setting(0.025, "Longest time that Redis may cost one request.", shown="TIME")
    redis_max_connections: Whole = _setting(
        32, "Maximum connections of one process to Redis (in a cluster, to each node).", shown="N", ge=1
    )
    redis_secret: SecretStr = _setting(
        SecretStr(""),
        "Secret shared by all replicas: entries written without it are not served.",
        shown="TEXT",
        secret=True,
    )
    lease_min_cost: Duration = _setting(
        0.05,
        "Model time per instance above which processes that share Redis wait for each other's computation.",
        shown="TIME",
    )
    lease: Duration = _setting(2.0, "Longest wait for the computation of a process that may have died.", shown="TIME")

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
