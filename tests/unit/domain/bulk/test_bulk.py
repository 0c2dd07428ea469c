"""Bulk: thousands of instances at once get what each would get alone, whichever tiers are looked up."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.domain.answer import Origin
from foreseen.domain.bulk.bulk import KEYS_AT_ONCE, BulkPredict, Tier
from foreseen.domain.bulk.repeat_rate import Repeats
from foreseen.domain.bulk.tier_use import AlwaysUsed, L1Use, TierUse
from foreseen.domain.errors import InvalidBatchError, PredictionError, Violation
from foreseen.domain.model.model_cost import ModelCost
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.payoff.payoff_decision import FIRST_KEYS
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.predictions import Predictions
from foreseen.wiring.use_cases import wire_bulk_predict
from support.example_counts import examples
from support.fakes import FLOWER, DictCache, FakePredictor
from support.wired_use_cases import wired_predict


class Decided:
    """A payoff that is decided."""

    def __init__(self, *, asks: bool, fills: bool) -> None:
        self.is_looked_up = asks
        self.is_written = fills
        self.looked_up: list[tuple[int, int]] = []
        self.filled: list[int] = []

    def count_lookup(self, keys: int, hits: int, seconds: float) -> None:
        """Remember it."""
        assert seconds > 0
        self.looked_up.append((keys, hits))

    def count_write(self, keys: int, seconds: float) -> None:
        """Remember it."""
        assert seconds > 0
        self.filled.append(keys)

    def reconsider(self) -> None:
        """Stay as it is."""

    def in_words(self) -> str:
        """Return nothing."""
        return ""


def flowers(lengths: Sequence[float]) -> Batch:
    return Batch.of(FLOWER, {"length": lengths, "width": [1.0] * len(lengths)})


def sums(lengths: Sequence[float]) -> list[Any]:
    return [length + 1 for length in lengths]


Wired = Callable[..., BulkPredict]


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
async def wired(request: pytest.FixtureRequest) -> AsyncIterator[Wired]:
    """The use case around a model and tiers, near to far."""
    thread = ModelThread(request.param)

    def make(
        predictor: FakePredictor, *tiers: tuple[DictCache, TierUse], repeats: Repeats | None = None
    ) -> BulkPredict:
        origins = (Origin.L1, Origin.L2)
        wired = [Tier(cache, origin, use) for (cache, use), origin in zip(tiers, origins, strict=False)]
        return wire_bulk_predict(predictor, wired, thread, repeats=repeats)

    yield make
    thread.close()


ANY = list(product([False, True], repeat=4))


@pytest.mark.parametrize("decided", ANY, ids=lambda decided: "".join("ny"[is_so] for is_so in decided))
async def test_every_instance_gets_its_own_answer_with_any_tiers(
    wired: Wired, decided: tuple[bool, bool, bool, bool]
) -> None:
    near, far, model = DictCache(), DictCache(), FakePredictor()
    tiers = [(near, Decided(asks=decided[0], fills=decided[1])), (far, Decided(asks=decided[2], fills=decided[3]))]
    predict = wired(model, *tiers, repeats=Repeats(100))

    for lengths in ([1.0, 2.0, 1.0, 3.0] * 40, [3.0, 9.0, 9.0, 4.0], [1.0]):
        assert (await predict.answer(flowers(lengths))).outputs == {"prediction": sums(lengths)}

    uses_tiers = any(decided)
    assert bool(near.entries) == decided[1]
    assert bool(far.entries) == decided[3]
    repeats_are_computed_once = (decided[0] and decided[1]) or (decided[2] and decided[3])
    assert model.rows == (5 if repeats_are_computed_once else 7 if uses_tiers else 165)
    counted = predict.tally
    assert counted.hits_l1 + counted.hits_l2 + counted.misses + counted.coalesced == 165
    assert counted.misses == counted.model_rows == model.rows


async def test_a_hit_counts_for_its_tier_and_enters_l1(wired: Wired) -> None:
    near, far = DictCache(), DictCache()
    await wired(FakePredictor(), (near, AlwaysUsed()), (far, AlwaysUsed())).answer(flowers([1.0, 2.0]))
    near.entries.clear()
    model = FakePredictor()
    predict = wired(model, (near, AlwaysUsed()), (far, AlwaysUsed()))

    await predict.answer(flowers([1.0, 1.0, 5.0]))
    await predict.answer(flowers([1.0, 5.0]))

    tally = predict.tally
    assert (tally.hits_l2, tally.hits_l1, tally.misses, tally.coalesced) == (2, 2, 1, 0)
    assert model.rows == 1


async def test_equal_instances_of_a_batch_cost_one_row_and_coalesce(wired: Wired) -> None:
    model = FakePredictor()
    predict = wired(model, (DictCache(), AlwaysUsed()))

    await predict.answer(flowers([1.0] * 99 + [2.0]))

    assert model.rows == 2
    assert (predict.tally.misses, predict.tally.coalesced) == (2, 98)


async def test_batches_side_by_side_compute_no_key_twice(wired: Wired) -> None:
    model = FakePredictor()
    predict = wired(model, (DictCache(), AlwaysUsed()))

    answers = await asyncio.gather(*(predict.answer(flowers([1.0, 2.0, float(n)])) for n in range(3, 23)))

    assert [answer.outputs["prediction"] for answer in answers] == [sums([1.0, 2.0, float(n)]) for n in range(3, 23)]
    assert model.rows == 22


async def test_a_disabled_l2_is_looked_up_for_the_sample_alone(wired: Wired) -> None:
    far = DictCache()
    left_out = Decided(asks=False, fills=False)
    lengths = [float(n) for n in range(3200)]

    await wired(
        FakePredictor(), (DictCache(), Decided(asks=False, fills=False)), (far, left_out), repeats=Repeats(10_000)
    ).answer(flowers(lengths))

    assert sum(far.lookups) == pytest.approx(200, rel=0.3)
    assert left_out.looked_up == [(sum(far.lookups), 0)]
    assert far.puts == []


async def test_few_keys_are_looked_up_before_the_model_cost() -> None:
    near, model = DictCache(), FakePredictor()
    thread, cost, repeats = ModelThread(), ModelCost(), Repeats(1_000_000)
    cheap = L1Use(cost, repeats, calls_at_once=1)
    tiers = [Tier(near, Origin.L1, cheap)]
    predict = wire_bulk_predict(model, tiers, thread, repeats=repeats, cost=cost)
    lengths = [float(n) for n in range(3 * FIRST_KEYS)]

    assert (await predict.answer(flowers(lengths))).outputs == {"prediction": sums(lengths)}

    assert sum(near.lookups) == FIRST_KEYS
    assert not cheap.is_looked_up
    thread.close()


async def test_a_lookup_of_thousands_of_keys_is_cut_into_pieces(wired: Wired) -> None:
    far, payoff = DictCache(), Decided(asks=True, fills=True)

    await wired(FakePredictor(), (far, payoff)).answer(flowers([float(n) for n in range(2500)]))

    assert far.lookups == [KEYS_AT_ONCE, KEYS_AT_ONCE, 2500 - 2 * KEYS_AT_ONCE]
    assert payoff.looked_up == [(2500, 0)]
    assert payoff.filled == [2500]


async def test_rejected_and_failed_rows_are_not_stored(wired: Wired) -> None:
    cache, model = DictCache(), FakePredictor()
    predict = wired(model, (cache, AlwaysUsed()))
    for error in (InvalidBatchError([Violation("a length", "less")]), PredictionError("broken")):
        model.error = error
        with pytest.raises(type(error)):
            await predict.answer(flowers([float(n) for n in range(100)]))
    model.error = None

    assert cache.entries == {}
    assert (await predict.answer(flowers([1.0]))).outputs == {"prediction": [2.0]}


@pytest.mark.parametrize("answer", [[object()], [1.0, 2.0, 3.0]], ids=["no JSON", "too many"])
async def test_an_invalid_answer_is_an_error_with_and_without_cache(wired: Wired, answer: list[Any]) -> None:
    class Odd(FakePredictor):
        def predict(self, batch: Batch) -> Predictions:
            return Predictions({"prediction": answer})

    for tiers in ([], [(DictCache(), AlwaysUsed())]):
        with pytest.raises(PredictionError):
            await wired(Odd(), *tiers).answer(flowers([1.0]))


JSON = st.one_of(
    st.floats(width=64), st.integers(-(2**53), 2**53), st.booleans(), st.none(), st.text(max_size=3),
    st.lists(st.floats(width=32) | st.text(max_size=2), max_size=3),
)  # fmt: skip


class Scripted(FakePredictor):
    """Answers each length with what was written down for it."""

    def __init__(self, answers: Mapping[float, Any]) -> None:
        super().__init__()
        self.answers = answers

    def predict(self, batch: Batch) -> Predictions:
        return Predictions({"prediction": [self.answers[length] for length in batch.columns[0].tolist()]})


@given(st.lists(JSON, min_size=1, max_size=8), st.lists(st.integers(0, 7), min_size=1, max_size=30), st.integers(0, 15))
@settings(max_examples=examples(50))
def test_bulk_equals_one_by_one_for_every_kind_of_answer(answers: list[Any], asked: list[int], mode: int) -> None:
    lengths = [float(n % len(answers)) for n in asked]

    async def both() -> tuple[list[bytes], list[bytes]]:
        thread = ModelThread()
        tiers = [
            Tier(DictCache(), Origin.L1, Decided(asks=bool(mode & 1), fills=bool(mode & 2))),
            Tier(DictCache(), Origin.L2, Decided(asks=bool(mode & 4), fills=bool(mode & 8))),
        ]
        predictor = Scripted(dict(enumerate(answers)))
        bulk, predict = wire_bulk_predict(predictor, tiers, thread), wired_predict(predictor, DictCache(), thread)
        halves = [lengths[: len(lengths) // 2], lengths[len(lengths) // 2 :]]
        in_bulk = [body for half in halves if half for body in (await bulk.answer(flowers(half))).encode().bodies]
        alone = [(await predict(flowers([length]))).bodies[0] for length in lengths]
        await predict.finish()
        thread.close()
        return in_bulk, alone

    in_bulk, alone = asyncio.run(both())

    assert in_bulk == alone


class Overflowing(FakePredictor):
    """Answers the longest with infinity."""

    def predict(self, batch: Batch) -> Predictions:
        """Answer as ever, but for these."""
        answers = super().predict(batch).outputs["prediction"]
        pairs = zip(batch.columns[0], answers, strict=True)
        return Predictions({"prediction": [float("inf") if length > 1e6 else answer for length, answer in pairs]})


async def test_non_finite_numbers_are_the_same_with_and_without_cache(wired: Wired) -> None:
    near, far, model = DictCache(), DictCache(), Overflowing()
    predict = wired(model, (near, Decided(asks=True, fills=True)), (far, Decided(asks=True, fills=True)))

    for _ in range(3):
        answers = await predict.answer(flowers([1e7, 2.0, 1e7]))

        assert answers.outputs["prediction"] == [float("inf"), 3.0, float("inf")]
    assert len(model.calls) == 1, "they were not found again"
