"""Known heads of several models: each request is answered by those of its own model."""

from collections.abc import Sequence

import pytest
from starlette.types import Scope

from foreseen.entrypoints.http.fleet.heads_of_models import HeadsOfModels
from foreseen.entrypoints.http.requests.known_heads import HeadsInUse, Sender


class Named:
    """Known heads that answer with their name."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.learned: list[bytes] = []

    def __len__(self) -> int:
        return len(self.learned)

    def reply(
        self, data: bytes, default_fields: Sequence[tuple[bytes, bytes]], sender: Sender, *, begun_ns: int = 0
    ) -> bytes | None:
        return self.name

    def learn(self, data: bytes, scope: Scope, sent: bytes, default_fields: Sequence[tuple[bytes, bytes]]) -> None:
        self.learned.append(data)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"POST /models/a/predict HTTP/1.1", b"a"),
        (b"POST /models/b/predict HTTP/1.1", b"b"),
        (b"GET /models/b/predict?x=1 HTTP/1.1", b"b"),
        (b"GET /models/b/predict HTTP/1.1", None),
        (b"POST /models/b/predict?x=1 HTTP/1.1", None),
        (b"POST /models/b/predict/ HTTP/1.1", None),
        (b"POST /models/off/predict HTTP/1.1", None),
        (b"PUT /models/a/predict HTTP/1.1", None),
        (b"POST", None),
        (b"", None),
    ],
)
def test_the_target_of_a_request_names_its_heads(head: bytes, name: bytes | None) -> None:
    a, b = Named(b"a"), Named(b"b")
    held = {b"a": HeadsInUse(a), b"b": HeadsInUse(b), b"off": HeadsInUse(None)}
    heads = HeadsOfModels(
        {b"%b /models/%b/predict" % (method, each): held[each] for method in (b"GET", b"POST") for each in held}
    )
    data = head and head + b"\r\nHost: x\r\n\r\n"

    assert heads.reply(data, (), Sender()) == name
    heads.learn(data, {}, b"", ())
    assert (len(a), len(b), len(heads)) == (name == b"a", name == b"b", name is not None)
