"""A value of any kind has one key, through whichever reader it comes and however it is written there."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.adapters.tabular.csv.csv_reader import CsvReader
from foreseen.adapters.tabular.jsonl.jsonl_reader import JsonlReader
from foreseen.adapters.tabular.parquet.parquet_reader import ParquetReader
from foreseen.domain.identity.key import Fingerprint, Key, KeyRecipe, namespace
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import DATETIMES, DTYPES, FLOATS, Feature, Signature
from foreseen.entrypoints.http.protocols.forms.csv_form import CsvForm
from foreseen.entrypoints.http.protocols.forms.json_forms import INPUTS, INSTANCES, RECORDS, SPLIT, JsonForms
from foreseen.entrypoints.http.requests.plain_request_reader import QuickReader
from foreseen.entrypoints.http.requests.request_instances import InstanceReader
from support.example_counts import examples
from support.random_instances import leaves

NAMES = "abcd"
FORMS = (SPLIT, RECORDS, INSTANCES, INPUTS)


@st.composite
def features(draw: st.DrawFn, name: str) -> Feature:
    """Draw a feature of one value."""
    dtype: Any = draw(st.sampled_from(DTYPES))
    return Feature(name, dtype, missing=draw(st.booleans()))


@st.composite
def drawn(draw: st.DrawFn) -> tuple[Signature, list[Any], Callable[[st.SearchStrategy[Any]], Any]]:
    """Draw a signature, one instance of it, and what draws the ways to write it."""
    signature = Signature(tuple(draw(features(name)) for name in NAMES[: draw(st.integers(1, len(NAMES)))]))
    values = [draw(leaves(feature).filter(_has_text)) for feature in signature.features]
    return signature, values, draw


def _has_text(value: Any) -> bool:
    """Leave out the strings that cells cannot distinguish from nothing, or that CSV has no way to write."""
    return not isinstance(value, str) or (value != "" and "\0" not in value and "\r" not in value)


def is_nothing(value: Any) -> bool:
    return value is None or value != value


def in_json(feature: Feature, value: Any) -> st.SearchStrategy[Any]:
    """Return the ways in which JSON may write a value."""
    if is_nothing(value):
        return st.sampled_from([None, float("nan")])
    if feature.dtype in DATETIMES:
        return in_text(feature, value)
    if feature.dtype == "bool":
        return st.sampled_from([value, int(value), float(value)])
    if feature.dtype == "string" or isinstance(value, float):
        return st.just(value)
    words = [bool(value)] if value in (0, 1) else []
    return st.sampled_from([value, *words, *([float(value)] if abs(value) < 2**53 else [])])


def in_text(feature: Feature, value: Any) -> st.SearchStrategy[str]:
    """Return the ways in which a cell or a query may write a value."""
    if is_nothing(value):
        return st.just("")
    if feature.dtype in DATETIMES:
        text = str(np.datetime64(value, "ns"))
        offsets = ["Z", "+00:00", "+00"] if feature.dtype == "datetime_tz" else [""]
        spaced = [text, text.replace("T", " ")]
        return st.sampled_from([each + offset for each in spaced for offset in offsets])
    if feature.dtype == "bool":
        return st.sampled_from(
            ["True", "TRUE", "true", "t", "1", "1.0"] if value else ["False", "false", "f", "0", "0.0"]
        )
    if feature.is_integral and abs(value) < 2**53:
        return st.sampled_from([str(value), repr(float(value))])
    return st.just(str(value))


def in_arrow(feature: Feature, value: Any) -> st.SearchStrategy[pa.Array]:
    """Return the columns in which Parquet may hold a value."""
    given = None if is_nothing(value) else value
    if feature.dtype == "string":
        kinds = [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())]
        return st.sampled_from([pa.array([given], kind) for kind in kinds])
    if feature.dtype in DATETIMES:
        zone = "Europe/Oslo" if feature.dtype == "datetime_tz" else None
        return st.sampled_from(_timestamps(given, zone))
    if feature.dtype in FLOATS and isinstance(value, float):
        return st.just(pa.array([given], pa.float64()))
    kinds = [pa.bool_()] if given in (0, 1) else []
    kinds += [pa.float64()] if given is None or abs(given) < 2**53 else []
    whole = [pa.array([None if given is None else int(given)], pa.int64())]
    return st.sampled_from(whole + [pa.array([given], pa.float64()).cast(kind) for kind in kinds])


def _timestamps(ticks: int | None, zone: str | None) -> list[pa.Array]:
    sizes = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}
    return [
        pa.array([ticks and ticks // size], pa.int64()).cast(pa.timestamp(unit)).cast(pa.timestamp(unit, zone))
        for unit, size in sizes.items()
        if (ticks or 0) % size == 0
    ]


def in_forms(named: dict[str, Any], present: dict[str, Any]) -> dict[str, Any]:
    """Return bodies of other protocols with one instance, which has all values or those that are not missing."""
    names, row = list(named)[::-1], list(named.values())
    return {
        "split": {"dataframe_split": {"columns": names, "data": [row[::-1]]}},
        "split without names": {"dataframe_split": {"data": [row]}},
        "split without nulls": {"dataframe_split": {"columns": list(present), "data": [list(present.values())]}},
        "records": {"dataframe_records": [named]},
        "instances": {"instances": [row]},
        "columns": {"inputs": {name: [named[name]] for name in names}},
    }


def only(reader: Any) -> Batch:
    (chunk,) = reader
    assert chunk.rejects == []
    assert chunk.batch is not None
    batch: Batch = chunk.batch
    return batch


@settings(max_examples=examples(50), deadline=None)
@given(drawn())
def test_a_value_has_one_key_through_every_reader(
    what: tuple[Signature, list[Any], Callable[[st.SearchStrategy[Any]], Any]],
) -> None:
    signature, values, draw = what
    recipe = KeyRecipe(namespace(Fingerprint(b"f" * 16), signature, ("predict",)), signature)
    http, quick = InstanceReader(signature), QuickReader(signature, recipe, max_rows=4)
    pairs = list(zip(signature.features, values, strict=True))

    named = {feature.name: draw(in_json(feature, value)) for feature, value in pairs}
    present = {name: value for name, value in named.items() if not is_nothing(value)}
    texts = {feature.name: draw(in_text(feature, value)) for feature, value in pairs}
    table = pa.table({feature.name: draw(in_arrow(feature, value)) for feature, value in pairs})
    one, lacking, rows = (json.dumps(each).encode() for each in (named, present, {"instances": [list(named.values())]}))
    query = urlencode(texts).encode()
    cells, parquet = io.StringIO(), io.BytesIO()
    csv.writer(cells).writerows([texts, texts.values()])
    pq.write_table(table, parquet)
    parquet.seek(0)

    batches = {
        "object": http.from_body(one).batch,
        "object without nulls": http.from_body(lacking).batch,
        "row": http.from_body(rows).batch,
        "query": http.from_query(query).batch,
        "JSON Lines": only(JsonlReader(io.BytesIO(one), name="in", signature=signature)),
        "JSON Lines without nulls": only(JsonlReader(io.BytesIO(lacking), name="in", signature=signature)),
        "Parquet": only(ParquetReader(parquet, name="in", signature=signature)),
    }
    if any(text for text in texts.values()):  # else it is a blank line
        batches["CSV"] = only(CsvReader(io.BytesIO(cells.getvalue().encode()), name="in", signature=signature))
        batches["CSV over HTTP"] = asyncio.run(CsvForm(signature).read(cells.getvalue().encode()))
    for form, document in in_forms(named, present).items():
        batches[form] = asyncio.run(JsonForms(signature, FORMS).read(json.dumps(document).encode()))[1]
    keys: dict[str, Key] = {reader: recipe.keys(batch)[0] for reader, batch in batches.items()}
    for body in (one, lacking, rows):
        if (found := quick.of_body(body)) is not None:
            keys[f"quick {body!r}"] = found.keys[0]
    if (found := quick.of_query(query)) is not None:
        keys["quick query"] = found.keys[0]

    assert set(keys.values()) == {recipe.key(values)}
