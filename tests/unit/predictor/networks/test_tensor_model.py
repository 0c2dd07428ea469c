"""A network is called with an array per input, in parts where it takes so many rows only; its outputs have names."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from foreseen.adapters.predictor.networks.tensor_model import Array, TensorInput, TensorModel
from foreseen.adapters.predictor.object_graph import parts
from foreseen.domain.errors import PredictionError

ROWS: Any = np.arange(14.0).reshape(7, 2)


class Calls:
    """Computes the sum of each row of the first input, and remembers the sizes of its calls."""

    def __init__(self, *outputs: Any) -> None:
        self.sizes: list[int] = []

    def __call__(self, arrays: Sequence[Array]) -> object:
        self.sizes.append(len(arrays[0]))
        return arrays[0].reshape(len(arrays[0]), -1).sum(axis=1)


def taking(*shapes: tuple[int, ...]) -> list[TensorInput]:
    return [TensorInput(f"in{place}", "float32", shape, None) for place, shape in enumerate(shapes)]


@pytest.mark.parametrize(("rows", "sizes"), [(None, [7]), (1, [1] * 7), (3, [3, 3, 3]), (7, [7]), (32, [32])])
def test_a_call_has_as_many_rows_as_the_network_takes(rows: int | None, sizes: list[int]) -> None:
    calls = Calls()
    model = TensorModel(calls, taking((2,)), rows=rows)

    found: Any = model.predict({"in0": ROWS})
    assert found.tolist() == ROWS.sum(axis=1).tolist()
    assert calls.sizes == sizes


def test_one_array_is_the_only_input_or_a_column_for_each() -> None:
    seen: list[Any] = []

    def compute(arrays: Sequence[Array]) -> object:
        seen.append([array.shape for array in arrays])
        return arrays[0]

    TensorModel(compute, taking((2, 1))).predict(ROWS)
    TensorModel(compute, taking((), ())).predict(ROWS)

    assert seen == [[(7, 2, 1)], [(7,), (7,)]]
    with pytest.raises(TypeError, match='takes = "tensors"'):
        TensorModel(compute, taking((2,), ())).predict(ROWS)


def test_several_outputs_have_names_and_a_single_one_has_none() -> None:
    column = ROWS[:, :1]
    several = TensorModel(lambda _: {"a": column, "b": [ROWS, (column,)]}, taking((2,))).predict({"in0": ROWS})
    single = TensorModel(lambda _: [column], taking((2,))).predict({"in0": ROWS})

    assert isinstance(several, dict)
    assert {name: found.shape for name, found in several.items()} == {"a": (7,), "b.0": (7, 2), "b.1.0": (7,)}
    assert isinstance(single, np.ndarray)
    assert single.shape == (7, 1)


@pytest.mark.parametrize("found", [np.zeros(3), np.float64(1), {"a": np.zeros(7), "b": np.zeros(2)}, None, "text"])
def test_an_output_without_the_rows_of_the_call_fails(found: Any) -> None:
    with pytest.raises(PredictionError, match="expected"):
        TensorModel(lambda _: found, taking((2,))).predict({"in0": ROWS})


def test_what_computes_is_not_searched_for_parts() -> None:
    calls = Calls()

    assert calls not in list(parts(TensorModel(calls, taking((2,)))))


def test_outputs_are_chosen_by_names_that_a_setting_may_have() -> None:
    def compute(_: object) -> object:
        return {"/fc:0": ROWS[:, 0], "_fc_0": ROWS[:, 1], "7": ROWS[:, 0] + 1, "predict": ROWS[:, 1] + 1}

    model = TensorModel(compute, taking((2,)), outputs=["/fc:0", "_fc_0", "7", "predict"])
    answers: Any = model.answers(["_fc_0", "_fc_0_2", "_7", "predict_2"], {"in0": ROWS})

    assert list(model.named_outputs) == ["_fc_0", "_fc_0_2", "_7", "predict_2"]
    assert [answers[name].tolist() for name in ("_fc_0", "_fc_0_2")] == [ROWS[:, 0].tolist(), ROWS[:, 1].tolist()]
    assert [answers[name].tolist() for name in ("_7", "predict_2")] == [(ROWS[:, n] + 1).tolist() for n in (0, 1)]
