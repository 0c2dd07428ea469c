"""What asking costs and saves, in numbers that can be followed."""

import pytest

from foreseen.adapters.cache.adaptive.lookup_payoff import CALL_US, HOPED, LOOKUP_US, WRITE_US, Worth
from foreseen.domain.decaying_mean import Lately


def worth(*, cost_us: float, keys: int = 10) -> Worth:
    """Make it of calls with so many keys, and a model of some cost."""
    made = Worth()
    made.lookup_keys.count(keys, 1)
    made.write_keys.count(keys, 1)
    made.saved_us.count(cost_us, 1)
    return made


def test_the_mean_is_that_of_all_up_to_the_limit() -> None:
    mean = Lately(limit=10)
    mean.count(6, 4)
    mean.count(9, 6)

    assert (mean.mean, mean.number) == (1.5, 10)


def test_beyond_the_limit_what_came_before_counts_half() -> None:
    mean = Lately(limit=10)
    mean.count(10, 10)
    mean.count(0, 2)
    assert (mean.mean, mean.number) == (10 / 12, 6)

    mean.count(0, 4)
    assert (mean.mean, mean.number) == (0.5, 10)


def test_many_at_once_do_not_pass_the_limit_for_good() -> None:
    mean = Lately(limit=10)
    mean.count(1000, 1000)

    assert mean.number <= 10
    assert mean.mean == 1


def test_before_anything_is_counted_the_mean_is_zero() -> None:
    mean = Lately(limit=10)
    assert mean.mean == 0

    mean.count(5, 1)
    mean.clear()
    assert (mean.mean, mean.number) == (0, 0)


def test_a_call_is_shared_by_its_keys() -> None:
    assert worth(cost_us=1).lookup_us == CALL_US / 10 + LOOKUP_US
    assert worth(cost_us=1).write_us == CALL_US / 10 + WRITE_US
    assert worth(cost_us=1, keys=1).lookup_us == CALL_US + LOOKUP_US


def test_the_keys_of_a_call_are_those_of_all_calls_over_their_number() -> None:
    made = worth(cost_us=1, keys=10)
    made.lookup_keys.count(2, 1)

    assert made.lookup_us == CALL_US / 6 + LOOKUP_US


@pytest.mark.parametrize(("hit_share", "cost_us"), [(1.0, 100), (0.5, 100), (0.2, 7)])
def test_the_ratio_is_what_hits_save_over_lookups_and_the_writes_of_misses(hit_share: float, cost_us: int) -> None:
    made = worth(cost_us=cost_us)

    spent_us = made.lookup_us + (1 - hit_share) * made.write_us
    assert made.ratio(hit_share) == pytest.approx(hit_share * cost_us / spent_us)


def test_where_hits_are_few_some_are_hoped_for() -> None:
    made = worth(cost_us=5000)

    assert made.ratio(0) == pytest.approx(HOPED * 5000 / (made.lookup_us + made.write_us))
    assert made.ratio(0) > 1


def test_as_long_as_nobody_knows_what_the_model_costs_it_pays() -> None:
    assert Worth().ratio(0.0) == float("inf")


def test_the_figures_are_told_in_words() -> None:
    told = "of lookups 25.0% hit, a hit saves 40 µs of the model, a lookup costs 7 µs a key and a write 8"
    assert worth(cost_us=40).figures(0.25) == told
