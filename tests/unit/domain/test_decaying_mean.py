"""A decaying mean: exact up to its limit, and past it with half the weight for what came before."""

from foreseen.domain.decaying_mean import DecayingMean


def test_the_mean_is_that_of_all_up_to_the_limit() -> None:
    mean = DecayingMean(limit=10)
    mean.count(6, 4)
    mean.count(9, 6)

    assert (mean.mean, mean.number) == (1.5, 10)


def test_beyond_the_limit_what_came_before_counts_half() -> None:
    mean = DecayingMean(limit=10)
    mean.count(10, 10)
    mean.count(0, 2)
    assert (mean.mean, mean.number) == (10 / 12, 6)

    mean.count(0, 4)
    assert (mean.mean, mean.number) == (0.5, 10)


def test_a_large_group_exceeds_the_limit_only_briefly() -> None:
    mean = DecayingMean(limit=10)
    mean.count(1000, 1000)

    assert mean.number <= 10
    assert mean.mean == 1


def test_before_anything_is_counted_the_mean_is_zero() -> None:
    mean = DecayingMean(limit=10)
    assert mean.mean == 0

    mean.count(5, 1)
    mean.clear()
    assert (mean.mean, mean.number) == (0, 0)
