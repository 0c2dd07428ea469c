"""A sample holds all instances that are equal, or none of them, and one in sixteen of those that differ."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreseen.domain.bulk.row_sample import ONE_IN, sampled
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Feature, Signature

NUMBERS = Signature((Feature("a"), Feature("b", dtype="float32"), Feature("n", dtype="int32")))
MIXED = Signature(
    (Feature("t", dtype="string", missing=True), Feature("image", shape=(2, 2)), Feature("n", dtype="int8"))
)


def numbers(count: int) -> Batch:
    random = np.random.default_rng(1)
    return Batch.of(NUMBERS, {"a": random.normal(size=count), "b": random.normal(size=count), "n": range(count)})


@pytest.mark.parametrize("spread", ["all columns", "integers only", "one small column"])
def test_one_instance_in_sixteen_is_sampled(spread: str) -> None:
    count = 64_000
    batch = numbers(count)
    if spread == "integers only":
        batch = Batch(NUMBERS, (np.zeros(count), np.zeros(count, dtype="<f4"), batch.columns[2]))
    if spread == "one small column":  # what differs differs in the upper bits of a float alone
        batch = Batch(NUMBERS, (np.arange(count) * 0.25, np.zeros(count, dtype="<f4"), np.zeros(count, dtype="<i4")))

    assert len(sampled(batch)) == pytest.approx(count / ONE_IN, rel=0.1)


@pytest.mark.parametrize(
    "values", [np.arange(64_000.0), np.arange(64_000.0) * 0.25, -np.arange(64_000.0), 2.0 ** np.arange(-1000, 1000)]
)
def test_one_column_of_round_floats_is_sampled_alike(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    signature = Signature((Feature("a"),))

    chosen = sampled(Batch.of(signature, {"a": values}))

    assert len(chosen) == pytest.approx(len(values) / ONE_IN, rel=0.15)


@given(st.lists(st.tuples(st.sampled_from(["x", "", None, "Ål"]), st.integers(0, 3)), min_size=1, max_size=40))
def test_equal_instances_are_in_the_sample_together_wherever_they_stand(rows: list[tuple[str | None, int]]) -> None:
    batch = Batch.of(
        MIXED,
        {
            "t": [text for text, _ in rows],
            "image": [[[n, 1.0], [-0.0, 2.0]] for _, n in rows],
            "n": [n for _, n in rows],
        },
    )
    chosen = {rows[row] for row in sampled(batch)}

    assert [row for row, value in enumerate(rows) if value in chosen] == sampled(batch).tolist()
    backwards = batch.take(range(len(rows) - 1, -1, -1))
    assert {rows[len(rows) - 1 - row] for row in sampled(backwards)} == chosen
