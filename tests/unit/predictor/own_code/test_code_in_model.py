"""Code that a model holds itself is found in whatever a class keeps it."""

import functools
from collections.abc import Callable
from typing import Any

import pytest

from foreseen.adapters.predictor.own_code.code_in_model import code_in

KEEPERS: dict[str, Callable[..., Any]] = {
    "a cached property": functools.cached_property,
    "a method with a cache": functools.cache,
    "a property that is set": lambda function: property(None, function),
    "a static method with a cache": lambda function: staticmethod(functools.cache(function)),
    "a method of several types": functools.singledispatchmethod,
}


@pytest.mark.parametrize("keeper", KEEPERS)
def test_code_is_found_in_what_keeps_it(keeper: str) -> None:
    def helper(_: object) -> int:
        return 2

    kind = type("Own", (), {"help": KEEPERS[keeper](helper)})

    assert helper.__code__ in set(code_in([kind()]))


def test_code_is_found_in_a_list_that_a_function_knows() -> None:
    def helper() -> int:
        return 2

    helpers = [helper]

    assert helper.__code__ in set(code_in(lambda: helpers))
