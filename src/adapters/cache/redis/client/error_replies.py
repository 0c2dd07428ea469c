"""Error replies of Redis, and what to do about each: one table."""

from dataclasses import dataclass
from typing import Final

_USE_CLUSTER: Final = "a Redis Cluster answers here: set redis_mode to auto or cluster"


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """One kind of error reply.

    Attributes:
        code: the beginning of the reply, by which it is recognised.
        advice: what to do.
        needs_operator: whether it lasts until an operator changes a configuration, here or there.
    """

    code: str
    advice: str
    needs_operator: bool = False


_CODES: Final = (
    ErrorReply("CROSSSLOT", _USE_CLUSTER, needs_operator=True),
    ErrorReply("MOVED", _USE_CLUSTER, needs_operator=True),
    ErrorReply("ASK", _USE_CLUSTER, needs_operator=True),
    ErrorReply("TRYAGAIN", "slots are being moved: this is temporary"),
    ErrorReply(
        "CLUSTERDOWN",
        "bring the missing primary back or promote a replica; "
        "cluster-require-full-coverage no keeps the other nodes working meanwhile",
    ),
    ErrorReply("MASTERDOWN", "this replica has lost its primary: name the primary in redis_url, or the Sentinels"),
    ErrorReply(
        "READONLY",
        "this is a replica: name the primary in redis_url, or the Sentinels; after a failover this is temporary",
    ),
    ErrorReply("LOADING", "it is loading its data after a start: this is temporary"),
    ErrorReply("BUSY", "a script of another client runs too long: end it with SCRIPT KILL"),
    ErrorReply("NOREPLICAS", "bring its replicas back, or lower min-replicas-to-write"),
    ErrorReply("OOM", "give it an eviction policy such as allkeys-lru, or more memory"),
    ErrorReply(
        "MISCONF",
        "it cannot save its data: check its log and its disk, or set stop-writes-on-bgsave-error to no",
        needs_operator=True,
    ),
    ErrorReply("NOAUTH", "put its user and password into redis_url", needs_operator=True),
    ErrorReply("WRONGPASS", "correct the user and password in redis_url", needs_operator=True),
    ErrorReply(
        "NOPERM", "its ACL has to allow the commands that docs/faults.md names, on foreseen:*", needs_operator=True
    ),
    ErrorReply(
        "DENIED",
        "it accepts no connections from other machines: set its password, or protected-mode no",
        needs_operator=True,
    ),
    ErrorReply("NOPROTO", "expected Redis 6 or newer", needs_operator=True),
)
_BY_CODE: Final = {reply.code: reply for reply in _CODES}

_WORDS: Final = (
    ErrorReply("SELECT is not allowed in cluster mode", "a cluster has database 0 only", needs_operator=True),
    ErrorReply("DB index is out of range", "name a database in redis_url that the server has", needs_operator=True),
    ErrorReply(
        "This instance has cluster support disabled",
        "it is not a cluster: set redis_mode to auto or single",
        needs_operator=True,
    ),
    ErrorReply(
        "AUTH <password> called without any password configured",
        "the server has no password: leave it out of redis_url",
        needs_operator=True,
    ),
    ErrorReply("Client sent AUTH, but no password is set", "leave the password out of redis_url", needs_operator=True),
    ErrorReply("invalid username-password pair", "correct the user and password in redis_url", needs_operator=True),
    ErrorReply("invalid password", "correct the password in redis_url", needs_operator=True),
    ErrorReply("max number of clients reached", "raise its maxclients, or lower redis_max_connections"),
    ErrorReply("unknown command 'HELLO'", "expected Redis 6 or newer", needs_operator=True),
)
"""Error replies without a code of their own."""


def error_reply_in(exc: BaseException) -> ErrorReply | None:
    """Return the known error reply behind an error of redis-py or one of its causes; None if there is none."""
    seen: BaseException | None = exc
    while seen is not None:
        if known := _error_reply_of(seen):
            return known
        seen = seen.__cause__
    return None


def _error_reply_of(exc: BaseException) -> ErrorReply | None:
    said = str(exc)
    # redis-py moves some codes from the message to an attribute; others stay in the message.
    code = getattr(exc, "status_code", None) or said.partition(" ")[0].removeprefix("-")
    return _BY_CODE.get(code) or next((each for each in _WORDS if each.code in said), None)
