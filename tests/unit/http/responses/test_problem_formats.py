"""Problems have the form of the protocol of their path, also those of requests that were never read."""

import json

import pytest

from foreseen.entrypoints.http.request_log.unread_request import UnreadRequest
from foreseen.entrypoints.http.responses.connection_rejections import TOO_SLOW, answer_to
from foreseen.entrypoints.http.responses.problem_formats import format_of


@pytest.mark.parametrize(
    ("path", "is_own"),
    [
        ("/v2", True),
        ("/v2/", True),
        ("/v2/models/iris/infer", True),
        ("/v1/models", True),
        ("/invocations", True),
        ("/models/a/invocations", True),
        ("/models/a/versions/9/invocations", True),
        ("/models/a/predict", False),
        ("/models/invocations", False),
        ("/models", False),
        ("/v2x", False),
        ("/invocations2", False),
        ("/predict", False),
        ("/", False),
        ("", False),
    ],
)
def test_a_format_is_found_by_its_path_and_all_below(path: str, is_own: bool) -> None:
    assert (format_of(path) is not None) is is_own


@pytest.mark.parametrize(
    ("path", "media_type", "member"),
    [
        (b"/v2/models/iris/infer", b"application/json", "error"),
        (b"/v1/models/iris:predict", b"application/json", "error"),
        (b"/invocations", b"application/json", "message"),
        (b"/models/a/invocations", b"application/json", "message"),
        (b"/predict", b"application/problem+json", "detail"),
        (b"/\xff", b"application/problem+json", "detail"),
        (b"", b"application/problem+json", "detail"),
    ],
)
def test_a_request_that_came_too_slowly_is_rejected_in_that_form(path: bytes, media_type: bytes, member: str) -> None:
    head, _, body = answer_to(TOO_SLOW, None, (), UnreadRequest(None, "POST", path)).partition(b"\r\n\r\n")

    assert b"content-type: %b\r\n" % media_type in head + b"\r\n"
    members = json.loads(body)
    assert (members["status"], members[member]) == (408, TOO_SLOW.detail)
