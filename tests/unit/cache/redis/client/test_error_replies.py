"""What Redis rejects is recognised, and worded with what to do."""

import pytest
from redis._parsers.base import BaseParser
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from foreseen.adapters.cache.redis.client.connection import redis_errors_translated
from foreseen.adapters.cache.redis.client.error_replies import error_reply_in
from foreseen.domain.errors import CacheUnavailableError

REPLIES = {
    "CROSSSLOT Keys in request don't hash to the same slot": ("redis_mode to auto or cluster", True),
    "MOVED 3999 127.0.0.1:6381": ("redis_mode to auto or cluster", True),
    "ASK 3999 127.0.0.1:6381": ("redis_mode to auto or cluster", True),
    "TRYAGAIN Multiple keys request during rehashing of slot": ("this is temporary", False),
    "CLUSTERDOWN The cluster is down": ("cluster-require-full-coverage", False),
    "CLUSTERDOWN Hash slot not served": ("cluster-require-full-coverage", False),
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.": ("name the primary", False),
    "READONLY You can't write against a read only replica.": ("name the primary", False),
    "LOADING Redis is loading the dataset in memory": ("this is temporary", False),
    "LOADING Valkey is loading the dataset in memory": ("this is temporary", False),
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL": ("SCRIPT KILL", False),
    "NOREPLICAS Not enough good replicas to write.": ("min-replicas-to-write", False),
    "OOM command not allowed when used memory > 'maxmemory'.": ("allkeys-lru", False),
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.": ("disk", True),
    "NOAUTH Authentication required.": ("user and password into redis_url", True),
    "NOAUTH HELLO must be called with the client already authenticated": ("password into redis_url", True),
    "WRONGPASS invalid username-password pair or user is disabled.": ("correct the user and password", True),
    "NOPERM this user has no permissions to run the 'mget' command": ("its ACL", True),
    "NOPERM No permissions to access a key": ("its ACL", True),
    "DENIED Redis is running in protected mode because protected mode is enabled": ("protected-mode", True),
    "NOPROTO unsupported protocol version": ("Redis 6", True),
    "ERR unknown command 'HELLO'": ("Redis 6", True),
    "ERR SELECT is not allowed in cluster mode": ("database 0", True),
    "ERR DB index is out of range": ("a database", True),
    "ERR This instance has cluster support disabled": ("auto or single", True),
    "ERR AUTH <password> called without any password configured for the default user. Are you sure?": (
        "leave it out",
        True,
    ),
    "ERR max number of clients reached": ("maxclients", False),
}


def read(reply: str) -> Exception:
    """Return what the library makes of a reply."""
    error: Exception = BaseParser.parse_error(reply)  # type: ignore[no-untyped-call]
    return error


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: "-".join(reply.split()[:3]).replace("<", "").lower())
def test_an_error_reply_is_worded_with_advice(reply: str) -> None:
    advice, needs_operator = REPLIES[reply]

    with pytest.raises(CacheUnavailableError) as seen, redis_errors_translated():
        raise read(reply)

    said = str(seen.value)
    assert said.startswith("Redis: ")
    assert reply.removeprefix("ERR ").rstrip(".") in said
    assert advice in said.partition("; ")[2]
    assert (seen.value.needs_operator, bool(seen.value.kind)) == (needs_operator, True)


def test_an_error_reply_is_found_behind_what_it_caused() -> None:
    """Opening a connection wraps what the server said to it."""
    wrapped = RedisConnectionError("no connection")
    wrapped.__cause__ = read("NOAUTH Authentication required.")

    rejection = error_reply_in(wrapped)

    assert rejection is not None
    assert rejection.code == "NOAUTH"


@pytest.mark.parametrize("said", ["ERR syntax error", "Connection closed by server.", "", "movED 1", "ASKING nothing"])
def test_other_errors_are_no_known_error_replies(said: str) -> None:
    assert error_reply_in(RedisError(said)) is None
