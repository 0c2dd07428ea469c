"""What a run shows at its end, to a person and to a program."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from foreseen.domain.answer import Origin
from foreseen.domain.bulk.bulk import Tier
from foreseen.domain.bulk.tier_use import AlwaysUsed
from foreseen.domain.model.loaded_format import LoadedFormat
from foreseen.domain.model.model_thread import ModelThread
from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table import Scored
from foreseen.domain.values.batch import Batch
from foreseen.entrypoints.batch.run_summary import Summary
from foreseen.settings import Settings
from foreseen.wiring.use_cases import wire_bulk_predict
from support.fakes import FLOWER, DictCache, FakePredictor
from support.wired_use_cases import wired_bulk_predict

SETTINGS = Settings(model=Path("iris.joblib"), cache="auto", redis_url="redis://127.0.0.1:1/0")


@pytest.fixture
async def summary() -> AsyncIterator[Summary]:
    """The summary of a run of three thousand rows, two thousand of which an earlier one had scored."""
    thread = ModelThread()
    tiers = [Tier(DictCache(), Origin.L1, AlwaysUsed()), Tier(DictCache(), Origin.L2, AlwaysUsed())]
    predictor = FakePredictor()
    predictor.info = replace(predictor.info, loaded_from=LoadedFormat("skops"))
    predict = wire_bulk_predict(predictor, tiers, thread)
    lengths = [float(n % 300) for n in range(500)]
    for _ in range(2):
        await predict.answer(Batch.of(FLOWER, {"length": lengths, "width": lengths}))
    before, scored = Scored(2, 2_000, 1), Scored(3, 3_000, 4)
    notices = [Notice("words read as missing", "alley", 2, "NA")]
    yield Summary.of(predict, scored, before=before, seconds=2.0, settings=SETTINGS, notices=notices)
    thread.close()


def test_a_person_reads_how_many_rows_came_from_where(summary: Summary) -> None:
    lines = dict(summary.lines())

    assert lines["rows"] == "3,000 in 2.0 s, 500 a second"
    assert lines["resumed"] == "after 2,000 rows"
    assert lines["rejected"] == "4"
    assert lines["hits L1"] == "500 (50.0%)"
    assert "hits L2" not in lines
    assert lines["repeated"] == "200 (20.0%)"
    assert lines["computed"].startswith("300 (30.0%) in ")
    assert lines["cache"] == "auto: tiered"
    assert lines["  L2"] == "looked up for every row, as configured"
    assert lines["model"] == f"iris, fingerprint {(b'f' * 6).hex()}"
    assert lines["format"] == "skops, which runs no code of its file when it is loaded"


def test_a_program_reads_the_same_as_json(summary: Summary) -> None:
    read = json.loads(summary.as_json())

    assert read.pop("model_seconds") >= 0
    assert read == {
        "model": "iris",
        "fingerprint": (b"f" * 16).hex(),
        "format": "skops, which runs no code of its file when it is loaded",
        "rows": 3_000,
        "rejected": 4,
        "rows_before": 2_000,
        "hits": {"L1": 500, "L2": 0},
        "repeated": 200,
        "model_rows": 300,
        "wall_seconds": 2.0,
        "cache": "auto: tiered",
        "decided": {"L1": "looked up for every row, as configured", "L2": "looked up for every row, as configured"},
        "notices": [{"kind": "words read as missing", "column": "alley", "count": 2, "example": "NA"}],
        "error": None,
    }


def test_a_run_without_rows_has_a_summary_too(summary: Summary) -> None:
    thread = ModelThread()
    predict = wired_bulk_predict(FakePredictor(), DictCache(), thread)

    lines = dict(Summary.of(predict, Scored(), before=Scored(), seconds=0.0, settings=SETTINGS).lines())

    assert lines["rows"] == "0 in 0.0 s"
    assert lines["computed"] == "0 in 0.0 s of the model"
