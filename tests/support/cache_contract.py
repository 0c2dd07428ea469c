"""What every Cache promises; an adapter's tests subclass this and provide a `cache` fixture, empty each time."""

import time

from foreseen.domain.identity.entry import Entry
from foreseen.domain.identity.key import Key
from foreseen.domain.ports import Cache

A, B, C = (Key(b"n" * 16 + row) for row in (b"a", b"b", b"\x00\xff" * 32))


def entry(body: bytes = b'{"prediction":"0"}', *, age_s: float = 0.0) -> Entry:
    """Make an entry of some age."""
    return Entry(body, int((time.time() - age_s) * 1e6), 1234)


class CacheContract:
    """Sentences that hold for every Cache which keeps things."""

    async def test_entries_are_found_unchanged(self, cache: Cache) -> None:
        kept = entry()
        await cache.put_many({A: kept})

        assert await cache.get_many([A]) == {A: kept}

    async def test_entries_keep_what_their_nulls_stand_for(self, cache: Cache) -> None:
        nothing = entry(b'{"prediction":null}')
        kept = {A: nothing._replace(nulls=b"+"), B: nothing, C: entry(b"[null,null]")._replace(nulls=b"0n")}
        await cache.put_many(kept)

        assert await cache.get_many([A, B, C]) == kept
        assert await cache.get_many([A, B, C]) == kept, "when found again"

    async def test_absent_keys_are_misses(self, cache: Cache) -> None:
        await cache.put_many({A: entry()})

        assert set(await cache.get_many([A, B])) == {A}

    async def test_looking_up_no_keys_finds_nothing(self, cache: Cache) -> None:
        assert await cache.get_many([]) == {}

    async def test_putting_nothing_changes_nothing(self, cache: Cache) -> None:
        await cache.put_many({A: entry()})
        await cache.put_many({})

        assert set(await cache.get_many([A, B, C])) == {A}

    async def test_many_are_kept_at_once_each_under_its_own_key(self, cache: Cache) -> None:
        kept = {key: entry(b"%d" % number) for number, key in enumerate((A, B, C))}
        await cache.put_many(kept)

        assert await cache.get_many([C, A, B]) == kept

    async def test_a_key_looked_up_twice_is_one_hit(self, cache: Cache) -> None:
        kept = entry()
        await cache.put_many({A: kept})

        assert await cache.get_many([A, A]) == {A: kept}

    async def test_the_last_write_of_a_key_wins(self, cache: Cache) -> None:
        await cache.put_many({A: entry(b"1")})
        await cache.put_many({A: entry(b"2")})

        assert (await cache.get_many([A]))[A].body == b"2"

    async def test_keys_of_any_bytes_are_distinct(self, cache: Cache) -> None:
        rows = [b"", b"\x00", b"\x00\x00", b"*", b"a:b", b"\r\n", b"\xff" * 64]
        kept = {Key(b"n" * 16 + row): entry(row.hex().encode()) for row in rows}
        await cache.put_many(kept)

        assert await cache.get_many(list(kept)) == kept

    async def test_bodies_with_any_bytes_come_back(self, cache: Cache) -> None:
        kept = {A: entry(b""), B: entry("ü\n\0".encode()), C: entry(bytes(range(256)) * 40)}
        await cache.put_many(kept)

        assert await cache.get_many([A, B, C]) == kept

    async def test_an_entry_past_its_ttl_is_a_miss(self, cache: Cache) -> None:
        """The fixture gives a TTL of an hour."""
        await cache.put_many({A: entry(age_s=2 * 3600), B: entry()})

        assert set(await cache.get_many([A, B])) == {B}
        assert cache.peek(A) is None

    async def test_an_entry_within_its_ttl_is_a_hit(self, cache: Cache) -> None:
        await cache.put_many({A: entry(age_s=1800)})

        assert set(await cache.get_many([A])) == {A}

    async def test_peek_returns_what_was_put_or_nothing(self, cache: Cache) -> None:
        kept = entry()
        assert cache.peek(A) is None

        await cache.put_many({A: kept})

        assert cache.peek(A) in (kept, None)
        assert cache.peek(B) is None

    async def test_it_reports_whether_it_keeps_entries(self, cache: Cache) -> None:
        assert cache.keeps
        await cache.put_many({A: entry()})

        assert set(await cache.get_many([A])) == {A}
