"""A model may offer an encoding that is coarser than all values: its keys are fewer, and the same in every process."""

import pickle
from dataclasses import replace

import pytest

from foreseen.domain.identity.instance_encoding import ALL_VALUES
from foreseen.domain.identity.key import KeyRecipe
from foreseen.domain.model.model_info import ModelInfo
from foreseen.domain.values.batch import Batch
from support.encodings import Cells
from support.fakes import FLOWER, FakePredictor, info_of
from support.in_process_service import service, wired_around

BASE = info_of()
COARSE = replace(BASE, encoding=Cells(0.5))
ROWS = [(5.1, 3.5), (5.2, 3.6), (5.6, 3.5), (-0.1, 0.0)]
BATCH = Batch.of(FLOWER, dict(zip(FLOWER.names, map(list, zip(*ROWS, strict=True)), strict=True)))


@pytest.mark.parametrize("info", [BASE, COARSE], ids=["all values", "cells"])
class TestEveryEncoding:
    def test_one_instance_and_a_batch_have_the_same_keys(self, info: ModelInfo) -> None:
        recipe = info.key_recipe

        assert recipe.keys(BATCH) == [recipe.key(row) for row in ROWS]

    def test_another_process_makes_the_same_keys(self, info: ModelInfo) -> None:
        sent = pickle.loads(pickle.dumps(info))

        assert sent == info
        assert sent.key_recipe.keys(BATCH) == info.key_recipe.keys(BATCH)


def test_all_values_are_encoded_where_a_model_has_no_encoding() -> None:
    recipe = KeyRecipe(BASE.namespace, FLOWER)

    assert BASE.encoding == ALL_VALUES
    assert BASE.key_recipe.keys(BATCH) == recipe.keys(BATCH)


def test_instances_of_a_cell_have_one_key() -> None:
    first, same, other, _ = COARSE.key_recipe.keys(BATCH)

    assert first == same != other


def test_each_encoding_has_its_own_namespace() -> None:
    infos = [BASE, COARSE, replace(BASE, encoding=Cells(0.25))]

    assert len({info.namespace for info in infos}) == 3


def test_an_instance_of_a_known_cell_never_reaches_the_model() -> None:
    fake = FakePredictor()
    fake.info = COARSE
    with service(wired_around(fake)) as coarse:
        first = coarse.get(length=5.1, width=3.5)
        second = coarse.get(length=5.2, width=3.6)

    assert second.body == first.body
    assert (second.cache_status, fake.rows) == ("foreseen; hit; detail=L1", 1)
