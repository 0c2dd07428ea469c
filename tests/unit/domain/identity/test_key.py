"""Keys: what is the same instance, what is another, and two ways to the same key."""

import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from foreseen.domain.identity.key import DIGEST_SIZE, ROW_LIMIT, Fingerprint, KeyRecipe, fingerprint, namespace
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import FLOATS, Feature, Signature
from support.example_counts import examples
from support.random_instances import batch_of, instances, leaves, signatures

MODEL = Fingerprint(b"f" * 16)
ONE_FLOAT = Signature((Feature("x"),))


def recipe(signature: Signature) -> KeyRecipe:
    return KeyRecipe(namespace(MODEL, signature, ("predict",)), signature)


def canonical(feature: Feature, value: Any) -> Any:
    """Distinguish instances without bytes: equal values are equal, a missing one is only itself."""
    if isinstance(value, list):
        return tuple(canonical(feature, part) for part in value)
    if feature.dtype in FLOATS:
        rounded = np.dtype(feature.dtype).type(np.nan if value is None else value).item()
        return "missing" if math.isnan(rounded) else rounded
    return ("missing",) if value is None else value


@st.composite
def rows_of_any_signature(draw: st.DrawFn) -> tuple[Signature, list[list[Any]]]:
    signature = draw(signatures())
    return signature, draw(st.lists(instances(signature), min_size=1, max_size=5))


@st.composite
def respelled(draw: st.DrawFn, feature: Feature, value: Any) -> Any:
    """Draw the same value again, or in another spelling that may or may not mean the same, or another."""
    if isinstance(value, list):
        return [draw(respelled(feature, part)) for part in value]
    spellings = [st.just(value), st.just(value), st.just(value), leaves(feature)]
    if feature.dtype in FLOATS and value is not None and not math.isnan(value):
        spellings += [st.just(float(value)), st.just(0.0 if value == 0 else value)]
        if feature.dtype == "float32":
            spellings.append(st.just(float(np.float32(value))))
    return draw(st.one_of(spellings))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Signature, list[Any], list[Any]]:
    signature = draw(signatures())
    one = draw(instances(signature))
    other = [draw(respelled(feature, value)) for feature, value in zip(signature.features, one, strict=True)]
    return signature, one, other


@settings(max_examples=examples(75), deadline=None)
@given(rows_of_any_signature())
def test_single_rows_and_whole_batches_have_equal_keys(drawn: tuple[Signature, list[list[Any]]]) -> None:
    signature, rows = drawn
    made = recipe(signature)

    assert [made.key(row) for row in rows] == made.keys(batch_of(signature, rows))


@settings(max_examples=examples(75), deadline=None)
@given(pairs())
@example((Signature((Feature("x", "float32"),)), [-1e-50], [0.0]))
@example((Signature((Feature("x", "float32"),)), [-(2.0**-150)], [0]))
@example((Signature((Feature("x", "float32"),)), [1.5 * 2.0**-150], [0.0]))
@example((Signature((Feature("x", missing=True),)), [None], [math.nan]))
@example((Signature((Feature("a", "string"), Feature("b", "string"))), ["ab", "c"], ["a", "bc"]))
def test_keys_are_equal_exactly_when_the_instances_are(drawn: tuple[Signature, list[Any], list[Any]]) -> None:
    signature, *both = drawn
    one, other = (
        [canonical(feature, value) for feature, value in zip(signature.features, row, strict=True)] for row in both
    )
    first, second = (recipe(signature).key(row) for row in both)

    assert (first == second) == (one == other)


@settings(max_examples=examples(25), deadline=None)
@given(pairs())
def test_equal_keys_give_the_model_equal_bits(drawn: tuple[Signature, list[Any], list[Any]]) -> None:
    signature, one, other = drawn
    batch = batch_of(signature, [one, other])
    first, second = recipe(signature).keys(batch)

    same = all(
        column[0] == column[1] if column.dtype == object else column[0].tobytes() == column[1].tobytes()
        for column in batch.columns
    )

    assert (first == second) == same


@settings(max_examples=examples(25), deadline=None)
@given(rows_of_any_signature())
def test_a_key_is_its_namespace_and_at_most_64_bytes(drawn: tuple[Signature, list[list[Any]]]) -> None:
    signature, rows = drawn
    made = recipe(signature)

    for row in rows:
        key = made.key(row)
        assert key.startswith(made.namespace)
        assert len(key) <= DIGEST_SIZE + ROW_LIMIT


@settings(max_examples=examples(25), deadline=None)
@given(rows_of_any_signature(), st.randoms(use_true_random=False))
def test_a_key_does_not_depend_on_its_batch(drawn: tuple[Signature, list[list[Any]]], random: Any) -> None:
    signature, rows = drawn
    made, batch = recipe(signature), batch_of(signature, rows)
    order = random.choices(range(len(rows)), k=2 * len(rows))

    keys = made.keys(batch)

    assert made.keys(batch.take(order)) == [keys[row] for row in order]


@pytest.mark.parametrize("dtype", sorted(FLOATS))
def test_a_whole_number_and_its_float_are_one_key(dtype: Any) -> None:
    made = recipe(Signature((Feature("x", dtype),)))

    assert made.key([1]) == made.key([1.0]) == made.key([True])


@pytest.mark.parametrize("dtype", sorted(FLOATS))
def test_both_zeros_are_one_key(dtype: Any) -> None:
    signature = Signature((Feature("x", dtype, shape=(2,)),))
    made = recipe(signature)

    assert made.key([[0.0, 1.0]]) == made.key([[-0.0, 1.0]])
    assert len(set(made.keys(batch_of(signature, [[[0.0, 1.0]], [[-0.0, 1.0]]])))) == 1


def test_every_nan_is_one_key() -> None:
    signature = Signature((Feature("x", missing=True),))
    nans = [
        struct.unpack("<d", bits)[0] for bits in (b"\1\0\0\0\0\0\xf8\x7f", b"\0\0\0\0\0\0\xf8\xff", b"\7" + b"\xff" * 7)
    ]

    made = recipe(signature)

    assert {made.key([nan]) for nan in nans} == {made.key([None])}
    assert set(made.keys(batch_of(signature, [[nan] for nan in nans]))) == {made.key([None])}


def test_the_order_of_names_in_what_was_sent_is_irrelevant() -> None:
    signature = Signature((Feature("a"), Feature("b")))
    made = recipe(signature)

    assert made.keys(Batch.of(signature, {"a": [1], "b": [2]})) == made.keys(Batch.of(signature, {"b": [2], "a": [1]}))
    assert made.key([1, 2]) != made.key([2, 1])


def test_a_missing_string_is_not_an_empty_one() -> None:
    made = recipe(Signature((Feature("x", "string", missing=True),)))

    assert made.key([None]) != made.key([""])


def test_strings_are_taken_as_sent() -> None:
    made = recipe(Signature((Feature("x", "string"),)))

    assert len({made.key([text]) for text in ("a", "A", " a", "a ", "é", "e\u0301", "a\0")}) == 7


def test_a_short_row_of_strings_cannot_pass_for_a_digest() -> None:
    """A row of 16 bytes could be made to spell a digest, if it stood in the key as it is."""
    made = recipe(Signature((Feature("x", "string"),)))
    row = struct.pack("<I", 12) + b"twelve bytes"

    assert len(row) == DIGEST_SIZE
    assert made.key(["twelve bytes"])[DIGEST_SIZE:] != row
    assert made.key(["eleven char"])[DIGEST_SIZE:] == struct.pack("<I", 11) + b"eleven char"


def test_rows_above_64_bytes_are_digested() -> None:
    shorter, longer = (recipe(Signature((Feature("x", "uint8", (size,)),))) for size in (64, 65))

    assert shorter.key([[7] * 64])[DIGEST_SIZE:] == b"\7" * 64
    assert len(longer.key([[7] * 65])) == DIGEST_SIZE + DIGEST_SIZE


def test_the_digest_of_a_long_row_depends_on_its_namespace() -> None:
    signature = Signature((Feature("x", "uint8", (65,)),))
    first, second = (
        KeyRecipe(namespace(Fingerprint(model * 16), signature, ("predict",)), signature) for model in (b"f", b"g")
    )

    assert first.key([[7] * 65])[DIGEST_SIZE:] != second.key([[7] * 65])[DIGEST_SIZE:]


BASE = Signature((Feature("a"), Feature("b", "string")))


@pytest.mark.parametrize(
    ("model", "signature", "outputs"),
    [
        (Fingerprint(b"g" * 16), BASE, ("predict",)),
        (MODEL, Signature((Feature("a", "float32"), Feature("b", "string"))), ("predict",)),
        (MODEL, Signature((Feature("a", shape=(1,)), Feature("b", "string"))), ("predict",)),
        (MODEL, Signature((Feature("a", missing=True), Feature("b", "string"))), ("predict",)),
        (MODEL, Signature((Feature("a"), Feature("b", "string", missing=True))), ("predict",)),
        (MODEL, Signature((Feature("A"), Feature("b", "string"))), ("predict",)),
        (MODEL, Signature((Feature("b", "string"), Feature("a"))), ("predict",)),
        (MODEL, Signature((Feature("a"),)), ("predict",)),
        (MODEL, BASE, ("predict_proba",)),
        (MODEL, BASE, ("predict", "predict_proba")),
        (MODEL, BASE, ("predict_proba", "predict")),
    ],
    ids=[
        "model",
        "dtype",
        "shape",
        "missing",
        "missing string",
        "name",
        "order",
        "fewer",
        "output",
        "outputs",
        "turned",
    ],
)
def test_whatever_changes_an_answer_changes_the_namespace(
    model: Fingerprint, signature: Signature, outputs: tuple[str, ...]
) -> None:
    assert namespace(model, signature, outputs) != namespace(MODEL, BASE, ("predict",))


def test_descriptive_facts_do_not_change_the_namespace() -> None:
    shown = Signature((Feature("a", example=3.0), Feature("b", "string", example="x")))

    assert namespace(MODEL, shown, ("predict",)) == namespace(MODEL, BASE, ("predict",))


FILE, VERSIONS, SOURCES = b"weights", {"scikit-learn": "1.7", "numpy": "2.2"}, {"mine": b"x = 1"}


@pytest.mark.parametrize(
    ("artefact", "versions", "sources"),
    [
        (b"weightz", VERSIONS, SOURCES),
        (FILE, VERSIONS | {"numpy": "2.3"}, SOURCES),
        (FILE, VERSIONS | {"scipy": "1"}, SOURCES),
        (FILE, VERSIONS, {"mine": b"x = 2"}),
        (FILE, VERSIONS, {"yours": b"x = 1"}),
        (FILE, VERSIONS, {}),
        (FILE, VERSIONS | {"mine": "x = 1"}, {}),
        (FILE, {"scikit-learn1": ".7", "numpy": "2.2"}, SOURCES),
    ],
)
def test_another_file_library_or_source_is_another_model(
    artefact: bytes, versions: dict[str, str], sources: dict[str, bytes]
) -> None:
    assert fingerprint(artefact, versions, sources) != fingerprint(FILE, VERSIONS, SOURCES)


def test_a_fingerprint_ignores_the_order_of_its_parts() -> None:
    turned = dict(reversed(VERSIONS.items()))

    assert fingerprint(FILE, turned, SOURCES) == fingerprint(FILE, VERSIONS, SOURCES)


def test_an_instance_of_another_length_is_rejected() -> None:
    with pytest.raises(ValueError, match="expected 1 values, got 2"):
        recipe(ONE_FLOAT).key([1.0, 2.0])
