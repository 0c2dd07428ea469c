"""A value has one key, in tensors of JSON, in tensors of bytes and at /predict."""

import asyncio
import json
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.domain.errors import InvalidBatchError
from foreseen.domain.identity.key import Fingerprint, Key, KeyRecipe, namespace
from foreseen.domain.values.signature import DATETIMES, FLOATS, Feature, Signature
from foreseen.entrypoints.http.protocols.oip.binary_values import bytes_of_values, values_of_bytes
from foreseen.entrypoints.http.protocols.oip.datatypes import DTYPES, Tensor, datatype_of
from foreseen.entrypoints.http.protocols.oip.input_tensors import InputTensors
from foreseen.entrypoints.http.protocols.oip.json_tensor_values import values_of_json
from foreseen.entrypoints.http.requests.request_instances import InstanceReader
from foreseen.entrypoints.http.responses.problems import Rejection
from support.example_counts import examples
from support.random_instances import instances, signatures


@st.composite
def drawn(draw: st.DrawFn) -> tuple[Signature, list[list[Any]]]:
    """Draw a signature and a few instances, dates and times as texts."""
    signature = draw(signatures())
    rows = draw(st.lists(instances(signature), min_size=1, max_size=4))
    return signature, [
        [as_json(feature, value) for feature, value in zip(signature.features, row, strict=True)] for row in rows
    ]


def as_json(feature: Feature, value: Any) -> Any:
    if feature.dtype not in DATETIMES or value is None:
        return value
    return str(np.datetime64(value, "ns")) + ("Z" if feature.dtype == "datetime_tz" else "")


def recipe_of(signature: Signature) -> KeyRecipe:
    return KeyRecipe(namespace(Fingerprint(b"f" * 16), signature, ("predict",)), signature)


def keys_of(signature: Signature, tensors: list[Tensor]) -> list[Key]:
    return recipe_of(signature).keys(asyncio.run(InputTensors(signature).read(tensors)))


@settings(max_examples=examples(50), deadline=None)
@given(drawn())
def test_tensors_have_the_keys_of_objects(what: tuple[Signature, list[list[Any]]]) -> None:
    signature, rows = what
    expected = recipe_of(signature).keys(
        InstanceReader(signature).batch_of([dict(zip(signature.names, row, strict=True)) for row in rows])
    )
    in_json, in_binary = [], []
    for place, feature in enumerate(signature.features):
        values = [row[place] for row in rows]
        # FP32 would round an integer before the feature does, to the same number.
        datatype = "FP64" if feature.dtype in FLOATS else datatype_of(feature)
        shape = [len(rows), *feature.shape]
        array = values_of_json(feature.name, datatype, shape, json.loads(json.dumps(values)))
        in_json.append(Tensor(feature.name, datatype, array))
        flat = array.reshape(-1).tolist()
        if datatype not in ("FP64", "FP32") and None in flat:  # which bytes cannot say
            in_binary.append(in_json[-1])
            continue
        read = values_of_bytes(feature.name, datatype, shape, bytes_of_values(datatype, flat))
        in_binary.append(Tensor(feature.name, datatype, read))

    assert keys_of(signature, in_json) == expected
    assert keys_of(signature, in_binary[::-1]) == expected


NUMBERS = st.sampled_from(
    [0, 1, -1, 2, 255, 256, 2**31, 2**53, -(2**53), 2**53 + 1, 2**63 - 1, 2**64 - 1, 0.5, -0.0, 1e300, 3.4e38, 6.8]
)


@settings(max_examples=examples(100), deadline=None)
@given(
    st.sampled_from([name for name in DTYPES if name not in ("BYTES", "FP16")]),
    st.sampled_from(["float64", "float32", "int64", "int8", "uint8", "uint64", "bool"]),
    st.booleans(),
    st.lists(NUMBERS, min_size=1, max_size=3),
)
def test_arrays_are_read_as_their_values_are(datatype: str, dtype: Any, missing: bool, numbers: list[Any]) -> None:
    signature = Signature((Feature("a", dtype, missing=missing),))
    try:
        values = values_of_json("a", datatype, [len(numbers)], numbers)
    except Rejection:
        return
    try:
        objects = [{"a": value} for value in values.tolist()]
        expected: Any = recipe_of(signature).keys(InstanceReader(signature).batch_of(objects))
    except InvalidBatchError as exc:
        expected = str(exc)
    try:
        found: Any = keys_of(signature, [Tensor("a", datatype, values)])
    except InvalidBatchError as exc:
        found = str(exc)

    assert found == expected
