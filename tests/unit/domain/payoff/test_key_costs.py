"""What a key costs: measured in a run, and by its share of a call in a service."""

import pytest

from foreseen.domain.payoff.key_costs import CallCost, MeasuredCost, cost_us


def call_cost(*keys: int) -> CallCost:
    """Return the cost of a key after calls of so many keys, at 60 µs a call and 2 a key."""
    cost = CallCost(60.0, 2.0)
    for each in keys:
        cost.count(each)
    return cost


def test_a_key_costs_its_share_of_a_call() -> None:
    assert call_cost(10).us == 60 / 10 + 2
    assert call_cost(1).us == 62


def test_keys_per_call_are_averaged_over_calls() -> None:
    assert call_cost(10, 2).us == 60 / 6 + 2


@pytest.mark.parametrize("keys", [(), (0,)])
def test_a_key_costs_one_call_at_most(keys: tuple[int, ...]) -> None:
    assert call_cost(*keys).us == 62


def test_a_measured_cost_starts_from_an_assumed_one() -> None:
    cost = MeasuredCost(5.0)
    assert cost.us == 5.0

    cost.count(64, 64 * 7e-6)

    assert cost.us == pytest.approx(6.0)


def test_measurements_soon_outweigh_what_was_assumed() -> None:
    cost = MeasuredCost(5.0)

    cost.count(100_000, 100_000 * 2e-6)

    assert cost.us == pytest.approx(2.0, abs=0.01)


@pytest.mark.parametrize(("hit_share", "expected"), [(1.0, 8), (0.5, 12), (0.0, 16)])
def test_only_missed_keys_cost_a_write(hit_share: float, expected: float) -> None:
    assert cost_us(call_cost(10), call_cost(10), hit_share) == expected
