"""The modes of Redis, and whether its URL fits them."""

from typing import Literal, TypeAlias

from pydantic import ValidationInfo

from foreseen.settings.redis_url import has_many_hosts, names_sentinels

RedisMode: TypeAlias = Literal["auto", "single", "cluster", "sentinel"]


def fitting_mode(mode: RedisMode, info: ValidationInfo) -> RedisMode:
    """Return the mode; raise ValueError if redis_url needs another."""
    url = info.data.get("redis_url", "")  # empty if it is wrong, which is an error of its own
    if not url:
        return mode
    if names_sentinels(url) and mode not in ("auto", "sentinel"):
        raise ValueError("auto or sentinel with a redis_url that names Sentinels")
    if mode == "sentinel" and not names_sentinels(url):
        raise ValueError("a redis_url such as redis+sentinel://HOST:26379/SERVICE for sentinel")
    if mode == "single" and has_many_hosts(url):
        raise ValueError("one host in redis_url for single")
    if mode == "cluster" and url.startswith("unix:"):
        raise ValueError("a redis_url with hosts for cluster, whose nodes have to be found")
    return mode
