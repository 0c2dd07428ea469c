"""KnownHits: answers from L1, as the hot path does, for requests whose heads are known."""

from collections.abc import Sequence
from typing import Final

from foreseen.domain.identity.key import Key
from foreseen.domain.predict import Predict
from foreseen.entrypoints.http.requests.cache_headers import etag
from foreseen.entrypoints.http.requests.known_heads import HeadsInUse, Hit, KnownHeads
from foreseen.entrypoints.http.requests.plain_request_reader import PlainRequest, reader_of
from foreseen.entrypoints.http.responses.answer_response import content_of_many
from foreseen.entrypoints.http.service.hot_path import LONGEST_BODY, is_plain
from foreseen.settings import Settings
from foreseen.wiring.service import Service

_make_tuple: Final = tuple.__new__
"""Makes a named tuple without the checks of its own constructor."""


class KnownHits:
    """Answers plain requests whose instances L1 holds; returns None for others, which are left to the hot path."""

    def __init__(self, predict: Predict, *, max_body: int, max_rows: int) -> None:
        """Accept the use case, and the limits of the settings."""
        signature = predict.predictor.info.signature
        self._predict = predict
        self._peek = predict.peek
        self.count = predict.tally.count_l1_hit
        self._reader = reader_of(signature, predict.recipe, max_rows)
        self.longest_body = min(max_body, LONGEST_BODY)
        self._takes_get = not signature.has_tensors

    def is_plain(self, method: str, fields: Sequence[tuple[bytes, bytes]]) -> bool:
        """Return whether a request with these fields is answered by its instances alone."""
        return is_plain(method, fields, self.longest_body)

    def of_body(self, body: bytes) -> Hit | None:
        """Return the answer to a body; None unless it is plain and L1 holds all of its instances."""
        plain = self._reader.of_body(body) if len(body) <= self.longest_body else None
        if plain is None:
            return None
        hit = self._of_many(plain) if plain.is_many else self.of_key(plain.keys[0], has_tag=False)
        if hit is None:
            self._reader.hand_on(body, plain)  # to the hot path, which is to answer it
        return hit

    def of_query(self, query: bytes) -> Hit | None:
        """Return the answer to a query string; None unless it is plain and L1 holds its instance."""
        plain = self._reader.of_query(query) if self._takes_get else None
        return None if plain is None else self.of_key(plain.keys[0], has_tag=True)

    def of_key(self, key: Key, *, has_tag: bool) -> Hit | None:
        """Return the answer to an instance by its key, with a tag or without; None unless L1 holds it."""
        entry = self._peek(key)
        if entry is None:
            return None
        tag = etag(key, self._predict.purged_us) if has_tag else None
        hit: Hit = _make_tuple(Hit, (entry.body, 1, entry.cost_us, tag, key))
        return hit

    def _of_many(self, plain: PlainRequest) -> Hit | None:
        entries = [entry for key in plain.keys if (entry := self._peek(key)) is not None]
        if len(entries) < len(plain.keys):
            return None
        body = content_of_many([entry.body for entry in entries])
        return Hit(body, len(entries), sum([entry.cost_us for entry in entries]))


def known_heads(service: Service) -> KnownHeads | None:
    """Return the known heads of a service, none at first; None if every request has to be parsed.

    That is so without L1, with a rate limit, which counts requests by client, and with an access log behind trusted
    proxies, which name the clients in header fields.
    """
    settings = service.settings
    if not settings.tiers.has_l1 or settings.rate_limit or _logs_named_clients(settings):
        return None
    return KnownHeads(KnownHits(service.predict, max_body=settings.max_body, max_rows=settings.max_rows))


def heads_in_use(service: Service) -> HeadsInUse:
    """Return a holder of the known heads of a service, and later of those of its successors."""
    return HeadsInUse(known_heads(service))


def _logs_named_clients(settings: Settings) -> bool:
    return settings.access_log == "on" and bool(settings.trusted_proxies)
