"""How inputs are divided among the actors of a cluster."""

import pytest

from foreseen.entrypoints.ray.work import Work


def work(*sizes: int) -> Work:
    return Work(b"", dict(enumerate(sizes)), most_actors=9, jobs=1)


@pytest.mark.parametrize(
    ("sizes", "actors", "is_divided"),
    [
        ([100], 1, False),
        ([100], 2, True),
        ([50, 50], 2, True),
        ([10] * 8, 2, False),
        ([10] * 8, 8, True),
        ([90, 10, 10, 10], 2, True),
        ([0, 0], 2, False),
    ],
)
def test_inputs_are_cut_where_one_of_them_would_keep_the_others_waiting(
    sizes: list[int], actors: int, is_divided: bool
) -> None:
    assert work(*sizes).is_divided(actors) is is_divided


def test_the_largest_input_is_begun_first() -> None:
    assert work(10, 30, 10, 20).largest_first == [1, 3, 0, 2]
