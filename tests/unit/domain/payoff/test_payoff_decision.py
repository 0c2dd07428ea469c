"""A decision between saving and cost: it is made at once one way, and by a margin the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreseen.domain.payoff.payoff_decision import MARGIN, Payoff

COSTS = st.floats(0.1, 1e6)


@given(spent_us=COSTS, saved_us=COSTS)
def test_what_saves_more_than_it_costs_stays_enabled(spent_us: float, saved_us: float) -> None:
    payoff = Payoff()

    assert payoff.decide(saved_us=saved_us, spent_us=spent_us) is (saved_us <= spent_us)
    assert payoff.pays is (saved_us > spent_us)


@pytest.mark.parametrize(("saved_us", "pays"), [(10.0, False), (10.1, False), (12.5, False), (12.6, True)])
def test_a_tier_that_did_not_pay_needs_a_quarter_more(saved_us: float, pays: bool) -> None:
    payoff = Payoff()
    payoff.decide(saved_us=9.9, spent_us=10.0)

    assert payoff.decide(saved_us=saved_us, spent_us=10.0) is pays
    assert payoff.pays is pays


@given(spent_us=COSTS, wobble=st.lists(st.floats(0.9, 1.0), max_size=20))
def test_small_changes_turn_it_once(spent_us: float, wobble: list[float]) -> None:
    payoff = Payoff()

    changes = [payoff.decide(saved_us=spent_us * MARGIN * each, spent_us=spent_us) for each in (0.5, *wobble)]

    assert sum(changes) == 1
