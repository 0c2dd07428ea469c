"""RecentContents: what it keeps, and for how long."""

import tracemalloc

import pytest

from foreseen.entrypoints.http.requests.recent_contents import LONGEST, WORTH, RecentContents


@pytest.fixture
def recent() -> RecentContents[int]:
    return RecentContents(most=4)


def test_what_was_read_of_a_content_is_kept(recent: RecentContents[int]) -> None:
    recent.keep(b"a", 1)

    assert (recent.get(b"a"), recent.get(b"b")) == (1, None)


def test_no_more_than_two_generations_are_kept(recent: RecentContents[int]) -> None:
    for number in range(100):
        recent.keep(b"%d" % number, number)
        assert recent.get(b"%d" % number) == number

    assert len(recent) <= 8


def test_a_content_that_comes_again_stays(recent: RecentContents[int]) -> None:
    recent.keep(b"a", 1)
    for number in range(100):
        recent.keep(b"%d" % number, number)
        assert recent.get(b"a") == 1


def test_a_long_content_is_not_kept(recent: RecentContents[int]) -> None:
    recent.keep(b"a" * (LONGEST + 1), 1)

    assert len(recent) == 0


@pytest.mark.parametrize(("longest", "mebibytes"), [(LONGEST, 2), (2 * LONGEST, 3)])
def test_contents_of_a_hostile_client_take_a_few_mebibytes(longest: int, mebibytes: int) -> None:
    recent: RecentContents[bytes] = RecentContents(longest=longest)
    tracemalloc.start()
    try:
        for number in range(5000):
            recent.keep(b"%0*d" % (longest, number), b"%080d" % number)
        held_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert held_bytes < mebibytes * 2**20


def test_where_nothing_comes_again_few_are_kept(recent: RecentContents[int]) -> None:
    for number in range(1000):
        recent.keep(b"%d" % number, number)

    assert sum(recent.get(b"%d" % number) is not None for number in range(800, 1000)) <= 50


def test_a_generation_is_judged_by_its_own_contents(recent: RecentContents[int]) -> None:
    for number in range(4):
        recent.keep(b"%d" % number, number)
    for number in range(4 * WORTH // 2):  # the pause, in which only what was kept before it is found
        assert recent.get(b"0") == 0
        recent.keep(b"new %d" % number, number)
    for number in range(8):
        recent.keep(b"after %d" % number, number)

    assert [recent.get(b"after %d" % number) is not None for number in (3, 7)] == [True, False]


def test_a_long_content_is_not_even_looked_up(recent: RecentContents[int]) -> None:
    class Unhashable(bytes):
        def __hash__(self) -> int:
            raise AssertionError("hashing reads all of it")

    assert recent.get(Unhashable(LONGEST + 1)) is None


def test_what_comes_again_is_kept_after_others_that_did_not(recent: RecentContents[int]) -> None:
    for number in range(1000):
        recent.keep(b"%d" % number, number)
    for _ in range(100):
        recent.keep(b"a", 1)

    assert recent.get(b"a") == 1
