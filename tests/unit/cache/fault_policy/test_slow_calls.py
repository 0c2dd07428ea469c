"""When a tier is too slow, and how long it is left alone."""

import pytest

from foreseen.adapters.cache.fault_policy.slow_calls import BAD_SLICES, SLICES, ProbeWaits, SlowCalls

BUDGET_S = 0.025


def verdicts(slow: SlowCalls, ends: list[tuple[float, bool]]) -> list[bool]:
    return [slow.count(now, is_slow=is_slow) for now, is_slow in ends]


class TestSlowCalls:
    def test_three_slow_calls_one_after_another_are_too_many(self) -> None:
        ends = [(BUDGET_S * number, True) for number in range(4)]

        assert verdicts(SlowCalls(0.8 * BUDGET_S), ends) == [False, False, True, True]

    def test_three_slow_calls_are_too_many_whatever_their_distance(self) -> None:
        """Where one call comes a minute, each that overruns still costs a caller its budget."""
        assert verdicts(SlowCalls(BUDGET_S), [(60.0 * number, True) for number in range(3)]) == [False, False, True]

    def test_a_hundred_calls_that_wait_for_one_stall_are_not(self) -> None:
        slow = SlowCalls(BUDGET_S)

        assert not any(verdicts(slow, [(1.0 + number * 1e-5, True) for number in range(100)]))

    def test_one_stall_among_fast_calls_is_not_too_many(self) -> None:
        slow = SlowCalls(BUDGET_S)
        for second in range(20):
            fast = [(second + number * 0.001, False) for number in range(900)]
            stalled = [(second + 0.95 + number * 1e-5, True) for number in range(64)]
            assert not any(verdicts(slow, fast + stalled))

    def test_every_second_call_slow_is_too_many_despite_fast_ones(self) -> None:
        """One of several connections is dead: what goes over the others is fast all the while."""
        slow = SlowCalls(BUDGET_S)
        ends = [(number * 0.001, number % 2 == 0) for number in range(100)]

        assert any(verdicts(slow, ends))

    def test_a_share_of_one_call_in_ten_is_borne(self) -> None:
        slow = SlowCalls(BUDGET_S)

        assert not any(verdicts(slow, [(number * 0.001, number % 10 == 0) for number in range(5_000)]))

    @pytest.mark.parametrize(("fast_between", "too_many"), [(0, True), (1, True), (2, True), (4, False), (9, False)])
    def test_rare_calls_are_judged_by_the_last_ten(self, fast_between: int, too_many: bool) -> None:
        ends = [(float(number), number % (fast_between + 1) == 0) for number in range(50)]

        assert any(verdicts(SlowCalls(BUDGET_S), ends)) is too_many

    def test_a_fast_call_is_never_one_too_many(self) -> None:
        slow = SlowCalls(BUDGET_S)
        verdicts(slow, [(float(number), True) for number in range(BAD_SLICES)])

        assert not slow.count(10.0, is_slow=False)

    def test_calls_older_than_the_last_slices_are_forgotten(self) -> None:
        slow = SlowCalls(BUDGET_S)
        verdicts(slow, [(float(number), True) for number in range(BAD_SLICES - 1)])
        verdicts(slow, [(10.0 + number, False) for number in range(SLICES)])

        assert not slow.count(30.0, is_slow=True)

    def test_calls_before_a_clearance_are_forgotten(self) -> None:
        slow = SlowCalls(BUDGET_S)
        verdicts(slow, [(float(number), True) for number in range(BAD_SLICES - 1)])
        slow.clear()

        assert not slow.count(5.0, is_slow=True)


def waits(first_s: float = 0.5, longest_s: float = 5.0) -> ProbeWaits:
    return ProbeWaits(first_s, longest_s, uniform=lambda least, most: most)


class TestProbeWaits:
    def test_each_wait_doubles_up_to_the_longest(self) -> None:
        some = waits()
        some.begin(0.0)

        assert [some.next_s() for _ in range(6)] == [0.5, 1, 2, 4, 5, 5]

    def test_a_recovered_tier_is_probed_as_soon_as_before(self) -> None:
        some = waits()
        some.begin(0.0)
        for _ in range(4):
            some.next_s()
        some.end(10.0)
        some.begin(10.0 + 4.0 + 0.1)

        assert some.next_s() == 0.5

    def test_a_tier_that_fails_right_after_its_probe_waits_longer(self) -> None:
        some, now, waited = waits(), 0.0, []
        for _ in range(6):
            some.begin(now)
            waited.append(some.next_s())
            some.end(now + waited[-1])
            now += waited[-1] + 0.2

        assert waited == [0.5, 1, 2, 4, 5, 5]

    def test_waits_differ_between_processes_by_a_fifth_at_most(self) -> None:
        drawn = set()
        for _ in range(200):
            some = ProbeWaits(1.0, 5.0)
            some.begin(0.0)
            drawn.add(some.next_s())

        assert 0.8 <= min(drawn) < 0.85
        assert 0.95 < max(drawn) <= 1.0
