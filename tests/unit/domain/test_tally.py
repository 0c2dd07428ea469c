"""Counters of what was answered from where."""

from foreseen.domain.tally import Tally


def test_answers_and_model_calls_add_up() -> None:
    tally = Tally()
    tally.count_answer(l1=3, l2=2, missed=0, coalesced=1)
    tally.count_answer(l1=0, l2=1, missed=1, coalesced=0)
    tally.count_model_call(rows=2, seconds=0.5)
    tally.count_model_call(rows=3, seconds=0.25)

    assert tally == Tally(hits_l1=3, hits_l2=3, misses=1, coalesced=1, model_calls=2, model_rows=5, model_seconds=0.75)
    assert tally.hit_ratio == 0.75


def test_the_hit_ratio_is_zero_before_the_first_answer() -> None:
    assert Tally().hit_ratio == 0.0
