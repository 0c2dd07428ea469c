"""Access: API keys, of which the settings hold only digests."""

import logging
from collections.abc import Awaitable, Iterable
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from foreseen.domain.counters import Tally
from foreseen.entrypoints.http.counting.counted_routes import V2_LIVE, V2_READY
from foreseen.entrypoints.http.origins.client_addresses import is_loopback
from foreseen.entrypoints.http.origins.locality import CALLER, why_elsewhere
from foreseen.entrypoints.http.responses.problems import Rejection, problem
from foreseen.settings import Settings

log = logging.getLogger(__name__)

OPEN: Final = frozenset({"/livez", "/readyz", "/ping", "/health", V2_LIVE, V2_READY})
"""Paths of health probes, which need no key: they reveal nothing about the model."""

_KEYLESS: Final = OPEN | {"/favicon.ico", "/favicon.svg"}
"""Paths that need no key. A browser requests the icon with every page; rejecting it would count each visit twice."""

ADMIN: Final = "/admin/"
"""Prefix of the paths that change what is served."""

_SCHEME: Final = b"bearer "
_START: Final = 8
"""Bytes of a digest by which it is looked up."""

_Headers = Iterable[tuple[bytes, bytes]]


class Keys:
    """Keys, by the SHA-256 of each.

    A slow hash makes guessing expensive, which matters for passwords that people choose. A key is 256 random bits,
    which cannot be guessed, so one round of a fast hash protects it as well as a million of a slow one.
    """

    def __init__(self, digests: Iterable[str]) -> None:
        """Accept SHA-256 digests in hexadecimal."""
        known = map(bytes.fromhex, digests)
        self._by_start = {digest[:_START]: digest for digest in known}

    def __len__(self) -> int:
        return len(self._by_start)

    def hold(self, digest: bytes) -> bool:
        """Return whether a digest belongs to one of the keys; the time taken does not reveal how similar it is."""
        known = self._by_start.get(digest[:_START])
        return known is not None and compare_digest(known, digest)


class Access:
    """Passes on requests whose key allows them, and rejects all others; keys are known by their digests.

    If keys are configured, each request needs one, except for the paths of _KEYLESS; an admin key allows everything.
    If none are, only ADMIN is restricted: to this machine, or to no one.
    """

    def __init__(self, app: ASGIApp, tally: Tally, *, keys: Keys, admin_keys: Keys, is_local: bool) -> None:
        """Accept the wrapped application, and the keys of predictions and of administration.

        Args:
            keys: empty if anyone may request predictions.
            admin_keys: empty if no other machine may use ADMIN.
            is_local: whether the service can be reached from this machine only.
        """
        self._app = app
        self._tally = tally
        self._keys = keys
        self._admin_keys = admin_keys
        self._has_no_keys = not keys
        self._is_admin_open = is_local and not keys and not admin_keys

    # Not async: one more coroutine would cost as much as everything else here.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass a request on, or reject it (401, 403)."""
        if scope["type"] == "http":
            rejection = self._rejection(scope)
            if rejection is not None:
                return problem(Request(scope), rejection, self._tally)(scope, receive, send)
        return self._app(scope, receive, send)

    def _rejection(self, scope: Scope) -> Rejection | None:
        path: str = scope["path"]
        is_admin = path.startswith(ADMIN)
        if path in _KEYLESS:
            self._recognize(scope)
            return None
        if not is_admin and self._has_no_keys:
            return None
        if is_admin and not self._admin_keys:
            return self._rejection_without_admin_keys(scope)
        digest = _digest_of_key(scope["headers"])
        if digest is None:
            return _unauthorized("none")
        if self._admin_keys.hold(digest) or (not is_admin and self._keys.hold(digest)):
            scope[CALLER] = digest[:_START].hex()
            return None
        return (
            _forbidden("a key of admin_keys", "one of api_keys")
            if self._keys.hold(digest)
            else _unauthorized("an unknown key")
        )

    def _recognize(self, scope: Scope) -> None:
        """Record the caller of a request that needs no key, if it carries one."""
        digest = _digest_of_key(scope["headers"])
        if digest is not None and (self._keys.hold(digest) or self._admin_keys.hold(digest)):
            scope[CALLER] = digest[:_START].hex()

    def _rejection_without_admin_keys(self, scope: Scope) -> Rejection | None:
        if not self._is_admin_open:
            return _forbidden("admin_keys in the settings", "none")
        elsewhere = why_elsewhere(scope)
        if elsewhere is None:
            return None
        return _forbidden("a request of a program on this machine, or admin_keys in the settings", elsewhere)


def guarded(app: ASGIApp, settings: Settings, tally: Tally) -> ASGIApp:
    """Return an application wrapped in the access control of the settings."""
    return Access(
        app,
        tally,
        keys=Keys(settings.api_keys),
        admin_keys=Keys(settings.admin_keys),
        is_local=is_local(settings.host),
    )


def is_local(host: str) -> bool:
    """Return whether an address to listen on can be reached from this machine only; names are not resolved."""
    return host.lower() == "localhost" or is_loopback(host)


def warn_of_open_access(settings: Settings) -> None:
    """Warn in the log if other machines can use the service without a key, or send keys without TLS."""
    if is_local(settings.host):
        return
    if not settings.api_keys:
        log.warning(
            "%s can be reached from other machines and api_keys is empty: anyone there may use the service",
            settings.host,
        )
    elif settings.tls_certificate is None:
        log.warning(
            "%s can be reached from other machines without TLS (tls_certificate): keys can be read in transit",
            settings.host,
        )


def _digest_of_key(headers: _Headers) -> bytes | None:
    """Return the digest of the bearer token of a request (RFC 6750); None without one."""
    for name, value in headers:
        if name == b"authorization":
            if value[: len(_SCHEME)].lower() == _SCHEME:
                return sha256(value[len(_SCHEME) :].strip()).digest()
            return None
    return None


def _unauthorized(got: str) -> Rejection:
    detail = f"expected Authorization: Bearer KEY with a key of api_keys or admin_keys, got {got}"
    return Rejection(
        401, "unauthorized", "Missing or unknown API key", detail, {"WWW-Authenticate": 'Bearer realm="foreseen"'}
    )


def _forbidden(expected: str, got: str) -> Rejection:
    return Rejection(403, "forbidden", "Forbidden", f"expected {expected}, got {got}")
