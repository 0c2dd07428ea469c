"""Heads of requests, divided without a parser into the values that vary from request to request, and the rest."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from starlette.types import Scope

from foreseen.entrypoints.http.request_log.request_ids import HEADER as REQUEST_ID
from foreseen.entrypoints.http.requests.framing import LONGEST_LENGTH

HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length"
_TRACE: Final = b"traceparent"
_READ_HERE: Final = frozenset({_LENGTH, REQUEST_ID, _TRACE})
"""Varying fields whose values are used."""

_VALUE_CHARACTERS: Final = rb"[!-~][ -~]{0,511}"
_VARYING: Final = re.compile(
    rb"\r\n(content-length|traceparent|tracestate|baggage|b3|x-b3-(?:traceid|spanid|parentspanid|sampled|flags)"
    rb"|(?:x-)?request-id|(?:x-)?correlation-id|x-amzn-trace-id|x-cloud-trace-context|uber-trace-id|sentry-trace"
    rb"|elastic-apm-traceparent|newrelic|x-datadog-(?:trace-id|parent-id|sampling-priority|origin|tags)"
    rb"): ?(" + _VALUE_CHARACTERS + rb")(?=\r\n)",
    re.IGNORECASE,
)
"""Fields whose values vary from request to request, and do not change the answer, except for the length and the ids.

A value ends with its line. A value with other bytes, such as a tab, is left to the parser.
"""

_QUERY_CHARACTERS: Final = rb"[\w.~!$'()*,:@/?=&-]*"
_GET: Final = re.compile(rb"GET (/[\w./~-]*)\?(" + _QUERY_CHARACTERS + rb") HTTP/1\.1")
"""A request line whose query may vary; one with percent-encoding or unusual characters is left to the parser."""

_value_at: Final = re.compile(_VALUE_CHARACTERS).match
_query_at: Final = re.compile(_QUERY_CHARACTERS).match

POST: Final = b"POST "


class HeadForm(NamedTuple):
    """What the form of a head says about every request with that form.

    Attributes:
        form: the head without the values that vary, by which it is found.
        path: the path as sent, without a query.
        names: names of the varying fields, in lower case, in their order.
        length_at, id_at, trace_at: the index of Content-Length, of the request's id and of `traceparent` among the
            varying values; None without that field.
        has_ids: whether more than a length varies, and the query of a GET.
        before: the bytes before the first value that varies, which in a GET is its query.
        after: the bytes after each value that varies.
    """

    form: bytes
    method: str
    path: bytes
    names: tuple[bytes, ...]
    length_at: int | None
    id_at: int | None
    trace_at: int | None
    has_ids: bool
    before: bytes
    after: tuple[bytes, ...]


class TakenApart(NamedTuple):
    """A request that was divided but not parsed.

    Attributes:
        form: the head without the values that vary.
        names, values: the varying fields, in order.
        content: the body of a POST, or the query of a GET.
        path: the target as sent; of a GET, without its query.
    """

    form: bytes
    names: Sequence[bytes]
    values: Sequence[bytes]
    content: bytes
    path: bytes


def take_apart(data: bytes, end: int) -> TakenApart | None:
    """Return the parts of a request whose head ends at index `end`; None if it cannot be a known one."""
    if data.startswith(POST):
        head, content, path = data[:end], data[end:], data[len(POST) : data.find(b" ", len(POST))]
    else:
        line_end = data.find(b"\r\n")
        line = _GET.fullmatch(data, 0, line_end)
        if line is None or len(data) > end:
            return None
        path, content = line.groups()
        head = b"GET %b%b" % (path, data[line_end:])
    pieces = _VARYING.split(head)
    names, values = pieces[1::3], pieces[2::3]
    del pieces[2::3]
    # The parser accepts no head with a NUL, and there are two for each value, so no other head has this form.
    return TakenApart(b"\0".join(pieces), names, values, content, path)


def form_of(read: TakenApart) -> HeadForm:
    """Return what holds for every request whose head has this form."""
    names = tuple(name.lower() for name in read.names)
    places: Mapping[bytes, int] = {name: place for place, name in enumerate(names)}  # of several, the last
    method = "POST" if read.form.startswith(POST) else "GET"
    before, *after = _between_values(read, method)
    return HeadForm(
        *(read.form, method, read.path.partition(b"?")[0], names),
        *(places.get(_LENGTH), places.get(REQUEST_ID), places.get(_TRACE)),
        *(any(name != _LENGTH for name in names), before, tuple(after)),
    )


def _between_values(read: TakenApart, method: str) -> list[bytes]:
    """Return the bytes around the values of a head if each is written after a blank, as nearly all are."""
    pieces = read.form.split(b"\0")
    starts = [b"\r\n%b: " % name for name in pieces[1::2]] + [b""]
    between = [piece + start for piece, start in zip(pieces[::2], starts, strict=False)]
    if method == "GET":
        target_end = len("GET ") + len(read.path)
        between[:1] = between[0][:target_end] + b"?", b" HTTP/1.1" + between[0][target_end:]
    return between


def read_as(data: bytes, known: HeadForm) -> tuple[bytes, list[bytes]] | None:
    """Return the content and the values of a request if its head has a known form; None to leave it to `take_apart`.

    This is quicker, since only the values are searched for their ends, and the rest is compared at once.
    """
    before = known.before
    if not data.startswith(before):
        return None
    at, values, value_at = len(before), [], _value_at if known.length_at is not None else _query_at
    for piece in known.after:
        value = value_at(data, at)
        if value is None or not data.startswith(piece, at := value.end()):
            return None
        values.append(value[0])
        at += len(piece)
        value_at = _value_at
    if known.length_at is not None:
        return data[at:], values
    return (values.pop(0), values) if at == len(data) else None


def is_whole(read: TakenApart, known: HeadForm) -> bool:
    """Return whether the content of a request has the length that its head declares, if it declares one."""
    return known.method == "GET" or known.length_at is None or is_length(read.values[known.length_at], read.content)


def is_read_alike(read: TakenApart, known: HeadForm, scope: Scope) -> bool:
    """Return whether the parser read the same path and the same values, from a POST with a length or a GET without.

    They could differ by a tab, a second blank or a second field with the same name, or if the target is a URL. A GET
    with a length may be followed by a body.
    """
    here = [field for field in zip(known.names, read.values, strict=True) if field[0] in _READ_HERE]
    return (
        known.path == scope["raw_path"]
        and (known.length_at is None) == (known.method == "GET")
        and here == [field for field in scope["headers"] if field[0] in _READ_HERE]
    )


def is_length(value: bytes, content: bytes) -> bool:
    """Return whether the value of Content-Length is the length of a body."""
    return value.isdigit() and len(value) <= LONGEST_LENGTH and int(value) == len(content)


def is_length_up_to(most: int, value: bytes) -> bool:
    """Return whether a Content-Length is that of a body that is not empty, and has at most so many bytes."""
    return value.isdigit() and len(value) <= LONGEST_LENGTH and 0 < int(value) <= most
