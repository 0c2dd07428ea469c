"""How inputs are divided among the actors of a cluster."""

import pytest

from foreseen.entrypoints.ray.driver.packed_plan import Work


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
def test_inputs_are_divided_where_one_would_delay_the_others(sizes: list[int], actors: int, is_divided: bool) -> None:
    assert work(*sizes).is_divided(actors) is is_divided


def test_the_largest_input_is_begun_first() -> None:
    assert work(10, 30, 10, 20).largest_first == [1, 3, 0, 2]


@pytest.mark.parametrize(
    ("mebibytes", "cores", "on_one", "jobs", "is_thread_safe", "expected"),
    [
        (8 * [4], 2, 2, None, True, (1, 2)),
        (8 * [4], 2, 2, None, False, (2, 1)),
        (8 * [4], 2, 2, 1, True, (2, 1)),
        (8 * [4], 4, 2, None, True, (4, 1)),
        (8 * [16], 2, 2, None, True, (2, 1)),
        (8 * [24], 8, 8, None, True, (4, 2)),
        (8 * [900], 8, 8, None, True, (8, 1)),
        ([0, 4], 2, 2, None, True, (2, 1)),
        ([4], 0.5, 0.5, None, True, (1, 1)),
        (8 * [4], 8, 4, 3, True, (2, 3)),
    ],
    ids=[
        "one that calls from all cores starts soonest",
        "a model that is called once at a time",
        "the operator said one",
        "two machines",
        "enough for two",
        "enough for three, of two cores each",
        "enough for all",
        "a size that is not known",
        "less than a core",
        "the operator said three",
    ],
)
def test_actors_are_made_where_each_is_worth_its_start(
    mebibytes: list[int],
    cores: float,
    on_one: float,
    jobs: int | None,
    is_thread_safe: bool,
    expected: tuple[int, int],
) -> None:
    sizes = {number: size << 20 for number, size in enumerate(mebibytes)}
    sent = Work(b"", sizes, most_actors=99, jobs=jobs, is_thread_safe=is_thread_safe)

    assert sent.actors(cores, on_one=on_one) == expected
