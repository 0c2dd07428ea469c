"""Access: who may ask what, by keys of which the settings hold only digests."""

import logging
from collections.abc import Awaitable, Iterable
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from foreseen.domain.counters import Tally
from foreseen.entrypoints.http.origins.client_addresses import is_loopback
from foreseen.entrypoints.http.origins.locality import CALLER, why_elsewhere
from foreseen.entrypoints.http.responses.problems import Refusal, problem
from foreseen.settings import Settings

log = logging.getLogger(__name__)

OPEN: Final = frozenset({"/livez", "/readyz"})
"""What whoever watches the process asks without a key: it tells nothing of the model."""

_KEYLESS: Final = OPEN | {"/favicon.ico", "/favicon.svg"}
"""What needs no key. A browser requests the icon with every page; rejecting it would count each visit twice."""

ADMIN: Final = "/admin/"
"""What begins so changes what is served."""

_SCHEME: Final = b"bearer "
_START: Final = 8
"""Bytes of a digest that it is found by."""

_Headers = Iterable[tuple[bytes, bytes]]


class Keys:
    """Keys, by the SHA-256 of each.

    A slow hash makes guessing dear, which matters for what a person thought up. A key is 256 random bits: there is
    nothing to guess, and one round of a fast hash keeps it as well as a million of a slow one.
    """

    def __init__(self, digests: Iterable[str]) -> None:
        """Take digests, in hexadecimal."""
        known = map(bytes.fromhex, digests)
        self._by_start = {digest[:_START]: digest for digest in known}

    def __len__(self) -> int:
        return len(self._by_start)

    def hold(self, digest: bytes) -> bool:
        """Tell whether a key of this digest is one of them; the time that takes says nothing of how near it was."""
        known = self._by_start.get(digest[:_START])
        return known is not None and compare_digest(known, digest)


class Access:
    """Hands on what its sender may ask; a digest that is known passes, anything else is worded as a refusal.

    Where there are keys, each request needs one, except for the paths of _KEYLESS; an admin key is good for everything.
    Where there are none, only ADMIN is restricted: to this machine, or to no one.
    """

    def __init__(self, app: ASGIApp, tally: Tally, *, keys: Keys, admin_keys: Keys, is_local: bool) -> None:
        """Take the application behind, who may ask for predictions and who for more, and whether we listen here only.

        Args:
            keys: none where anyone may ask for predictions.
            admin_keys: none where nobody from elsewhere may ask for more.
            is_local: whether only this machine reaches us.
        """
        self._app = app
        self._tally = tally
        self._keys = keys
        self._admin_keys = admin_keys
        self._has_no_keys = not keys
        self._is_admin_open = is_local and not keys and not admin_keys

    # No coroutine of its own: one more would be as dear as all the rest of it.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Hand on, or refuse."""
        if scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is not None:
                return problem(Request(scope), refusal, self._tally)(scope, receive, send)
        return self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        path: str = scope["path"]
        is_admin = path.startswith(ADMIN)
        if path in _KEYLESS:
            self._recognize(scope)
            return None
        if not is_admin and self._has_no_keys:
            return None
        if is_admin and not self._admin_keys:
            return self._refusal_without_admin_keys(scope)
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
        """Have a request that needs no key show whose it is, if it brings one."""
        digest = _digest_of_key(scope["headers"])
        if digest is not None and (self._keys.hold(digest) or self._admin_keys.hold(digest)):
            scope[CALLER] = digest[:_START].hex()

    def _refusal_without_admin_keys(self, scope: Scope) -> Refusal | None:
        if not self._is_admin_open:
            return _forbidden("admin_keys in the settings", "none")
        elsewhere = why_elsewhere(scope)
        if elsewhere is None:
            return None
        return _forbidden("a request of a program on this machine, or admin_keys in the settings", elsewhere)


def guarded(app: ASGIApp, settings: Settings, tally: Tally) -> ASGIApp:
    """Put the settings' keys in front of an application."""
    return Access(
        app,
        tally,
        keys=Keys(settings.api_keys),
        admin_keys=Keys(settings.admin_keys),
        is_local=is_local(settings.host),
    )


def is_local(host: str) -> bool:
    """Tell whether an address to listen on is reached from this machine alone; a name is not looked up."""
    return host.lower() == "localhost" or is_loopback(host)


def warn_of_open_doors(settings: Settings) -> None:
    """Say in the log what anyone who reaches us may do."""
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
    """Give the digest of the key that came with a request (RFC 6750)."""
    for name, value in headers:
        if name == b"authorization":
            if value[: len(_SCHEME)].lower() == _SCHEME:
                return sha256(value[len(_SCHEME) :].strip()).digest()
            return None
    return None


def _unauthorized(got: str) -> Refusal:
    detail = f"expected Authorization: Bearer KEY with a key of api_keys or admin_keys, got {got}"
    return Refusal(
        401, "unauthorized", "Missing or unknown API key", detail, {"WWW-Authenticate": 'Bearer realm="foreseen"'}
    )


def _forbidden(expected: str, got: str) -> Refusal:
    return Refusal(403, "forbidden", "Forbidden", f"expected {expected}, got {got}")
