"""Memory in which processes count side by side."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.domain.counters import SIZE, Tally
from foreseen.entrypoints.http.counting.service_counts import GAUGE_PLACES
from foreseen.entrypoints.http.counting.shared_memory_slots import SLOT_NUMBERS, Slots, anonymous_file
from support.slot_worker import Worker


@pytest.fixture(params=[Slots, lambda: Slots.of_descriptor(anonymous_file())], ids=["memory", "file"])
def slots(request: pytest.FixtureRequest) -> Slots:
    made: Slots = request.param()
    return made


def first_numbers(slots: Slots) -> list[float]:
    return [slot[0] for slot in slots.all()]


def test_there_is_no_slot_before_a_claim_and_then_zeros(slots: Slots) -> None:
    assert slots.all() == []
    assert set(slots.claim()) == {0}
    assert len(slots.all()) == 1


def test_a_process_has_one_slot_however_often_it_claims(slots: Slots) -> None:
    slots.claim()[3] += 2
    slots.claim()[3] += 2

    assert [slot[3] for slot in slots.all()] == [4]


def test_a_slot_has_room_for_a_tally_and_all_gauges() -> None:
    assert SIZE + GAUGE_PLACES < SLOT_NUMBERS


def test_slots_beyond_the_last_are_made_of_zeros(slots: Slots) -> None:
    slots.slot(0)[SLOT_NUMBERS - 1] = 7
    slots.slot(2)[0] = 5
    slots.slot(1)[0] = 6

    assert first_numbers(slots) == [0, 6, 5]
    assert slots.slot(0)[SLOT_NUMBERS - 1] == 7


def test_processes_count_in_their_own_slots_and_read_all(slots: Slots) -> None:
    slots.claim()[0] = 1
    workers = [Worker(slots) for _ in range(2)]
    for amount, worker in enumerate(workers, start=2):
        for _ in range(3):
            worker.count(0, amount)

    assert sorted(first_numbers(slots)) == [1, 6, 9]
    for worker in workers:
        worker.end()
    assert sorted(first_numbers(slots)) == [1, 6, 9]


def test_the_successor_of_a_killed_process_continues_its_slot(slots: Slots) -> None:
    one, other = Worker(slots), Worker(slots)
    one.count(0, 5)
    other.count(0, 100)

    one.kill()
    assert sorted(first_numbers(slots)) == [5, 100]
    successor = Worker(slots)
    successor.count(0, 2)

    assert sorted(first_numbers(slots)) == [7, 100]
    other.end()
    successor.end()


def test_a_process_started_before_the_other_ended_takes_another_slot(slots: Slots) -> None:
    old = Worker(slots)
    old.count(0, 5)
    new = Worker(slots)
    new.count(0, 2)
    old.count(0, 5)

    assert first_numbers(slots) == [10, 2]
    old.end()
    new.end()


SHARED = Slots()
STEPS = st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, SIZE - 1), st.integers(0, 10**9))


@settings(deadline=None)
@given(st.lists(STEPS, max_size=60))
def test_any_interleaving_of_increments_sums_right(steps: list[tuple[int, bool, int, int]]) -> None:
    """Processes count in any order, and some are followed by another in the same slot."""
    for slot in SHARED.all():
        for place in range(SIZE):
            slot[place] = 0
    counting: dict[int, Tally] = {}
    expected = [0] * SIZE
    for number, begins_anew, place, amount in steps:
        if begins_anew or number not in counting:
            counting[number] = Tally(SHARED.slot(number))
        counting[number].counts[place] += amount
        expected[place] += amount

        summed = Tally.summed(map(Tally, SHARED.all()))
        assert [summed.counts[place] for place in range(SIZE)] == expected


def test_slots_of_others_are_those_that_living_processes_have(slots: Slots) -> None:
    slots.claim()[0] = 1
    worker, killed = Worker(slots), Worker(slots)
    worker.count(0, 2)
    killed.count(0, 3)
    killed.kill()

    assert [slot[0] for slot in slots.of_others()] == [2]
    worker.end()
    assert slots.of_others() == []
