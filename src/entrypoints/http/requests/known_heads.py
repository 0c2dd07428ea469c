"""KnownHeads: answers requests without a parser if their heads are the same as those of earlier hits.

A head of HTTP/1.1 means the same each time. Once a request was parsed and answered by a hit in L1, further requests
with that head are answered from their body, or their query, alone. docs/adr/0047 has the reasons and the figures.
"""

import re
from collections import OrderedDict
from collections.abc import Sequence
from time import perf_counter_ns, time
from typing import Final, NamedTuple, Protocol, TypeVar

from starlette.types import Scope

from foreseen.domain.identity.key import Key
from foreseen.entrypoints.http.request_log.access_log import AccessLine, AccessLog
from foreseen.entrypoints.http.request_log.request_ids import accepted, made
from foreseen.entrypoints.http.requests.recent_contents import RecentContents
from foreseen.entrypoints.http.requests.request_heads import (
    HEAD_END,
    HeadForm,
    TakenApart,
    form_of,
    is_length,
    is_length_up_to,
    is_read_alike,
    is_whole,
    read_as,
    take_apart,
)

Held = TypeVar("Held")

_Read = tuple[HeadForm, bytes, Sequence[bytes]]
"""The form of a request's head, its body or query, and the values that vary."""

STATE: Final = "known_heads"
"""The key in the state of an application under which its HeadsInUse is."""

MAX_KNOWN: Final = 256
"""Most known heads; beyond it, the least recently used one is forgotten."""

LONGEST_HEAD: Final = 4096
"""Most bytes of a head that may become known. Known and declined heads take four mebibytes at most."""

LONGEST_AWAITED: Final = 4096
"""Most bytes of a body to wait for; meanwhile a connection keeps no more than a head."""

LONGEST_REPEATED: Final = 1024
"""Most bytes of a request that is kept as it is."""

_HIT: Final = b"cache-status: foreseen; hit; detail=L1\r\n"
_FIELDS: Final = _HIT + b"content-type: application/json\r\ncontent-length: "
_SENT_ID: Final = re.compile(rb"\r\nx-request-id: ([!-~]+)\r\n")


class Hits(Protocol):
    """Answers requests from L1, as the hot path does.

    Attributes:
        longest_body: bytes of a body that is read here.
    """

    longest_body: int

    def is_plain(self, method: str, fields: Sequence[tuple[bytes, bytes]]) -> bool:
        """Return whether a request with these fields, named in lower case, is answered by its instances alone."""

    def of_body(self, body: bytes) -> "Hit | None":
        """Return the answer to a body; None unless it is plain and L1 holds all of its instances."""

    def of_query(self, query: bytes) -> "Hit | None":
        """Return the answer to a query string; None unless it is plain and L1 holds its instance."""

    def of_key(self, key: Key, *, has_tag: bool) -> "Hit | None":
        """Return the answer to an instance by its key, with a tag or without; None unless L1 holds it."""

    def count(self, instances: int, cost_us: int, duration_ns: int, /) -> None:
        """Count an answer: its instances, the model time that computing them took, and its own time."""


class Hit(NamedTuple):
    """The answer to a request whose instances L1 holds.

    Attributes:
        body: body of the answer.
        instances: the number of instances that it answers.
        cost_us: the model time that computing them took, µs.
        tag: ETag of the answer to a GET; None for a POST.
        key: key of its instance; None if it answers many.
    """

    body: bytes
    instances: int
    cost_us: int
    tag: bytes | None = None
    key: Key | None = None


class Sender:
    """What the requests of a connection have in common.

    Attributes:
        access_log: the access log; None if it is off.
        client: address and port of the client, for the access log.
        last: the form of the last known head that it sent; None before.
    """

    __slots__ = ("access_log", "client", "last")

    def __init__(self, access_log: AccessLog | None = None, client: tuple[str, int] | None = None) -> None:
        self.access_log = access_log
        self.client = client
        self.last: HeadForm | None = None


class RepliesByHead(Protocol):
    """Answers requests by their heads; see `KnownHeads`."""

    def __len__(self) -> int:
        """Return how many heads are known."""

    def reply(
        self, data: bytes, default_fields: Sequence[tuple[bytes, bytes]], sender: Sender, *, begun_ns: int = 0
    ) -> bytes | None:
        """Return the bytes of the answer to a request; empty to wait for its body, None to leave it to the parser."""

    def learn(self, data: bytes, scope: Scope, sent: bytes, default_fields: Sequence[tuple[bytes, bytes]]) -> None:
        """Make the head of a request known if `reply` would have answered with the same bytes."""


class HeadsInUse:
    """Holds the known heads of the current model; None if every request has to be parsed, such as for a rate limit."""

    def __init__(self, current: "RepliesByHead | None" = None) -> None:
        self.current = current


class KnownHeads:
    """The known heads of one service."""

    def __init__(self, hits: Hits, *, most: int = MAX_KNOWN) -> None:
        """Accept what answers from L1, and the most heads to know."""
        self._hits = hits
        self._most = most
        self._longest_awaited = min(LONGEST_AWAITED, hits.longest_body)
        self._known: OrderedDict[bytes, HeadForm] = OrderedDict()
        self._declined: OrderedDict[bytes, None] = OrderedDict()
        self._requests: RecentContents[tuple[HeadForm, Key]] = RecentContents(longest=LONGEST_REPEATED)
        self._bodies: RecentContents[Key] = RecentContents()
        self._queries: RecentContents[Key] = RecentContents()
        self._default_fields: object = None
        self._start = b""

    def __len__(self) -> int:
        return len(self._known)

    def reply(
        self, data: bytes, default_fields: Sequence[tuple[bytes, bytes]], sender: "Sender", *, begun_ns: int = 0
    ) -> bytes | None:
        """Return the bytes of the answer to a request; empty to wait for its body, None to leave it to the parser.

        Args:
            default_fields: fields of every answer, such as Date; the same object as long as they do not change.
            sender: the connection of the request.
            begun_ns: when its head arrived, if its body arrived later; else 0.
        """
        started_ns = begun_ns or perf_counter_ns()
        last = sender.last
        repeated = None if last is not None and last.has_ids else self._requests.get(data)
        if repeated is not None:
            known, key = repeated
            self._use(known)
            values: Sequence[bytes] = ()
            hit = self._hits.of_key(key, has_tag=known.length_at is None)
        else:
            found = self._read_as_last(data, sender) or self._taken_apart(data, sender)
            if found is None:
                return None
            known, content, values = found
            self._use(known)
            if known.length_at is not None and not is_length(values[known.length_at], content):
                is_awaited = content == b"" and is_length_up_to(self._longest_awaited, values[known.length_at])
                return b"" if is_awaited else None
            hit = self._hit_of(known, content)
            if hit is not None and hit.key is not None and not known.has_ids:
                self._requests.keep(data, (known, hit.key))
        if hit is None:
            return None
        request_id = made() if known.id_at is None else accepted(values[known.id_at])
        duration_ns = perf_counter_ns() - started_ns
        self._hits.count(hit.instances, hit.cost_us, duration_ns)
        if sender.access_log is not None:
            trace = None if known.trace_at is None else values[known.trace_at]
            sender.access_log.add(_line(known, hit, duration_ns, sender.client, request_id, trace))
        return self._worded(hit, request_id, default_fields)

    def learn(
        self,
        data: bytes,
        scope: Scope,
        sent: bytes,
        default_fields: Sequence[tuple[bytes, bytes]],
    ) -> None:
        """Make the head of a request known if `reply` would have answered with the same bytes.

        A head for which it never would is remembered as declined, so that it is not checked each time. It is not
        declined because of the body or bytes after it, since those of the next request may differ.

        Args:
            data: the request, as it arrived in one read.
            scope: the ASGI scope that was made from its parsed head.
            sent: the answer that was sent.
            default_fields: the fields of every answer that were sent with it.
        """
        end = data.find(HEAD_END, 0, LONGEST_HEAD) + len(HEAD_END)
        read = take_apart(data, end) if end >= len(HEAD_END) and _HIT in sent else None
        if read is None or read.form in self._known or read.form in self._declined:
            return
        known = form_of(read)
        if not is_whole(read, known):
            return  # the scope may be that of the next request
        if not is_read_alike(read, known, scope) or not self._hits.is_plain(known.method, scope["headers"]):
            self._decline(read)
        elif (hit := self._hit_of(known, read.content)) is None:
            return  # the next body may be plain
        elif self._is_answered_alike(hit, sent, default_fields):
            self._use(known)
        else:
            self._decline(read)

    def _use(self, known: HeadForm) -> None:
        """Note that a head is the one used last; one that was forgotten meanwhile is known again."""
        try:
            self._known.move_to_end(known.form)
        except KeyError:
            self._known[known.form] = known
            _limit(self._known, self._most)

    def _read_as_last(self, data: bytes, sender: "Sender") -> _Read | None:
        """Read a request by the form of the last head on its connection: most clients send only one form."""
        known = sender.last
        if known is None or self._known.get(known.form) is not known or (read := read_as(data, known)) is None:
            return None
        return known, *read

    def _taken_apart(self, data: bytes, sender: "Sender") -> _Read | None:
        """Read a request by dividing it, if the form of its head is known."""
        end = data.find(HEAD_END, 0, LONGEST_HEAD) + len(HEAD_END)
        read = take_apart(data, end) if end >= len(HEAD_END) else None
        known = None if read is None else self._known.get(read.form)
        if read is None or known is None or len(read.values) != len(known.names):
            return None
        sender.last = known
        return known, read.content, read.values

    def _hit_of(self, known: HeadForm, content: bytes) -> Hit | None:
        """Return the answer to a body or a query; what is answered is kept, for the next that differs in ids alone."""
        has_tag = known.length_at is None
        recent = self._queries if has_tag else self._bodies
        key = recent.get(content)
        if key is not None:
            return self._hits.of_key(key, has_tag=has_tag)
        hit = self._hits.of_query(content) if has_tag else self._hits.of_body(content)
        if known.has_ids and hit is not None and hit.key is not None:
            recent.keep(content, hit.key)
        return hit

    def _is_answered_alike(self, hit: Hit, sent: bytes, default_fields: Sequence[tuple[bytes, bytes]]) -> bool:
        id_sent = _SENT_ID.search(sent)
        return id_sent is not None and self._worded(hit, id_sent[1], default_fields) == sent

    def _decline(self, read: TakenApart) -> None:
        self._declined[read.form] = None
        _limit(self._declined, self._most)

    def _worded(self, hit: Hit, request_id: bytes, default_fields: Sequence[tuple[bytes, bytes]]) -> bytes:
        if default_fields is not self._default_fields:
            self._default_fields = default_fields
            written = b"".join([b"%b: %b\r\n" % field for field in default_fields])
            self._start = b"HTTP/1.1 200 OK\r\n" + written + _FIELDS
        if hit.tag is None:
            return b"%b%d\r\nx-request-id: %b\r\n\r\n%b" % (self._start, len(hit.body), request_id, hit.body)
        return b"%b%d\r\netag: %b\r\nx-request-id: %b\r\n\r\n%b" % (
            *(self._start, len(hit.body), hit.tag, request_id, hit.body),
        )


def _line(
    known: HeadForm,
    hit: Hit,
    duration_ns: int,
    client: tuple[str, int] | None,
    request_id: bytes,
    traceparent: bytes | None,
) -> AccessLine:
    return AccessLine(
        time(), known.method, known.path, 200, duration_ns, len(hit.body), client, request_id, traceparent, "L1"
    )  # fmt: skip


def _limit(kept: OrderedDict[bytes, Held], most: int) -> None:
    if len(kept) > most:
        kept.popitem(last=False)
