"""What a tier saves beside what it costs, as measured: whether it is looked up, and whether it is filled."""

import pytest

from foreseen.domain.bulk.repeat_rate import Repeats
from foreseen.domain.bulk.tier_use import AlwaysUsed, L1Use, L2Use
from foreseen.domain.identity.key import Key
from foreseen.domain.model.model_cost import ModelCost


def repeating(share: float) -> Repeats:
    """Make repeats of which a share would be hits."""
    repeats = Repeats(1_000_000)
    new = round(1000 * (1 - share))
    repeats.count([Key(bytes(str(n), "ascii")) for n in range(new)] + [Key(b"0")] * (1000 - new))
    return repeats


def model(row_us: float) -> ModelCost:
    cost = ModelCost()
    cost.count(rows=1_000_000, seconds=row_us)
    return cost


def near(row_us: float, share: float, calls_at_once: int = 1) -> L1Use:
    use = L1Use(model(row_us), repeating(share), calls_at_once=calls_at_once)
    use.count_lookup(1_000_000, 0, 2.0)
    use.count_write(1_000_000, 5.0)
    use.reconsider()
    return use


def test_before_anything_is_measured_every_tier_is_used() -> None:
    for use in (L1Use(ModelCost(), repeating(0), calls_at_once=1), L2Use(ModelCost(), calls_at_once=1)):
        use.reconsider()

        assert use.is_looked_up
        assert use.is_written
        assert use.in_words() == "looked up for every row"


@pytest.mark.parametrize(
    ("row_us", "share", "pays"),
    [
        (3.0, 0.0, False),
        (3.0, 0.95, True),
        (3.0, 0.5, False),
        (100.0, 0.03, False),
        (100.0, 0.2, True),
        (1e6, 0, False),
    ],
)
def test_l1_pays_where_repeats_save_more_than_all_keys_cost(row_us: float, share: float, pays: bool) -> None:
    assert near(row_us, share).is_looked_up is pays
    assert near(row_us, share).is_written is pays


def test_a_row_computed_beside_another_costs_half() -> None:
    assert near(20.0, 0.4).is_looked_up
    assert not near(20.0, 0.4, calls_at_once=4).is_looked_up


def test_a_disabled_tier_has_to_pay_clearly_to_be_enabled() -> None:
    use = near(14.0, 0.3)  # saves 4.2 and costs 5.5
    assert not use.is_looked_up

    use.count_lookup(10_000_000, 0, 1.0)  # now 4.0 or so
    use.reconsider()

    assert not use.is_looked_up
    assert use.in_words().startswith("left out: 30.0% of rows repeat, which saves 4.2 µs a row and costs ")


def far(row_us: float, hit_share: float) -> L2Use:
    use = L2Use(model(row_us), calls_at_once=1)
    use.count_lookup(100_000, round(100_000 * hit_share), 0.6)
    use.count_write(100_000, 1.0)
    use.reconsider()
    return use


@pytest.mark.parametrize(
    ("row_us", "share", "asks", "fills"),
    [
        (3.0, 0.0, False, False),
        (3.0, 1.0, False, False),
        (9.0, 1.0, True, False),
        (50.0, 0.0, False, True),
        (50, 1, True, True),
    ],
)
def test_l2_is_looked_up_and_filled_for_later_runs(row_us: float, share: float, asks: bool, fills: bool) -> None:
    use = far(row_us, share)

    assert (use.is_looked_up, use.is_written) == (asks, fills)
    assert use.in_words().startswith(
        f"{'looked up' if asks else 'left out'} and {'written' if fills else 'not written'}: "
    )


def test_a_tier_chosen_by_the_user_is_always_used() -> None:
    use = AlwaysUsed()
    use.count_lookup(1, 0, 1e9)
    use.count_write(1, 1e9)
    use.reconsider()

    assert use.is_looked_up
    assert use.is_written
