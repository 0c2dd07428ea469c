"""Golden keys: a change of these bytes empties every cache, and needs another RECIPE_VERSION."""

import json
import math
import struct
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from foreseen.domain.identity.key import Fingerprint, KeyRecipe, fingerprint, namespace
from foreseen.domain.values.signature import Feature, Signature
from support.random_instances import batch_of

GOLDEN = Path(__file__).parent / "golden"
KEYS: dict[str, Any] = {each["case"]: each for each in json.loads((GOLDEN / "keys.json").read_text())}
FINGERPRINTS: list[Any] = json.loads((GOLDEN / "fingerprints.json").read_text())


def signature_of(golden: Any) -> Signature:
    return Signature(
        tuple(Feature(f["name"], f["dtype"], tuple(f["shape"]), f["missing"]) for f in golden["signature"])
    )


@pytest.mark.parametrize("golden", KEYS.values(), ids=KEYS)
def test_keys_are_what_they_were(golden: Any) -> None:
    signature = signature_of(golden)
    names = namespace(Fingerprint(bytes.fromhex(golden["fingerprint"])), signature, golden["outputs"])
    recipe = KeyRecipe(names, signature)

    assert names.hex() == golden["namespace"]
    assert recipe.key(golden["instance"]).hex() == golden["key"]
    assert [key.hex() for key in recipe.keys(batch_of(signature, [golden["instance"]]))] == [golden["key"]]


@pytest.mark.parametrize("golden", FINGERPRINTS, ids=lambda golden: golden["case"])
def test_fingerprints_are_what_they_were(golden: Any) -> None:
    sources = {name: bytes.fromhex(source) for name, source in golden["sources"].items()}

    assert fingerprint(bytes.fromhex(golden["artefact"]), golden["versions"], sources).hex() == golden["fingerprint"]


# What follows computes some of them by hand, from the words of the recipe: the file pins those, not an accident.


def digest(person: bytes, *parts: bytes, key: bytes = b"") -> bytes:
    return blake2b(b"".join(parts), digest_size=16, person=person, key=key).digest()


def sized(*parts: bytes) -> bytes:
    return b"".join(struct.pack("<Q", len(part)) + part for part in parts)


def test_a_short_row_of_floats_by_hand() -> None:
    golden = KEYS["iris"]
    taken = (
        b'[["sepal_length","float64",[],false],["sepal_width","float64",[],false],'
        b'["petal_length","float64",[],false],["petal_width","float64",[],false]]'
    )
    names = digest(b"foreseen-names", sized(bytes(range(16)), taken, b"other", b"predict", b"\x02"))

    assert golden["namespace"] == names.hex()
    assert golden["key"] == (names + struct.pack("<4d", 5.1, 3.5, 1.4, 0.2)).hex()


def test_a_long_row_by_hand() -> None:
    golden = KEYS["row of 65 bytes"]
    taken = b'[["x","float64",[8],false],["y","bool",[],false]]'
    names = digest(b"foreseen-names", sized(bytes(range(16)), taken, b"other", b"predict", b"\x02"))
    row = struct.pack("<8d", *range(8)) + b"\x00"

    assert golden["key"] == (names + digest(b"foreseen-row", row, key=names)).hex()


def test_a_row_of_a_string_and_a_number_by_hand() -> None:
    golden = KEYS["string"]
    taken = b'[["colour","string",[],false],["weight","float64",[],false]]'
    names = digest(b"foreseen-names", sized(bytes(range(16)), taken, b"other", b"predict", b"\x02"))

    assert golden["key"] == (names + b"\x05\0\0\0gr\xc3\xbcn" + struct.pack("<d", 2.5)).hex()


def test_a_row_of_long_strings_has_its_golden_key() -> None:
    golden = KEYS["string row of exactly 16 bytes"]
    taken = b'[["colour","string",[],false]]'
    names = digest(b"foreseen-names", sized(bytes(range(16)), taken, b"other", b"predict", b"\x02"))

    assert golden["key"] == (names + digest(b"foreseen-row", b"\x0c\0\0\0twelve bytes", key=names)).hex()


@pytest.mark.parametrize(
    ("case", "row"),
    [
        ("missing string", b"\xff\xff\xff\xff"),
        ("empty string", b"\0\0\0\0"),
        ("missing float", struct.pack("<d", math.nan)),
        ("minus zero", struct.pack("<4d", 0.0, 3.5, 1.4, 0.2)),
        ("integers for floats", struct.pack("<4d", 5, 3, 1, 0)),
        ("float32", struct.pack("<2f", 0.1, math.nan)),
        ("number row of exactly 16 bytes", struct.pack("<2d", 1, 2)),
        ("row of exactly 64 bytes", struct.pack("<8d", *range(8))),
        ("tensor", bytes([1, 2, 3, 4, 5, 6]) + struct.pack("<f", 0.5)),
        (
            "every integer dtype",
            struct.pack("<qihbIHB?", -(2**53), -(2**31), -(2**15), -128, 2**32 - 1, 65535, 255, True),
        ),
        ("missing integers and bools", struct.pack("<4d", 7, math.nan, 1, math.nan)),
        ("largest integers that may be missing", struct.pack("<ddQ", -(2**53), 2**53, 2**53)),
        ("datetime", struct.pack("<qq", 1_704_164_645_123_456_789, -(2**63))),
        ("datetime with a zone", struct.pack("<q", 1_704_164_645 * 10**9)),
    ],
)
def test_rows_up_to_64_bytes_are_in_their_keys_unchanged(case: str, row: bytes) -> None:
    assert bytes.fromhex(KEYS[case]["key"]) == bytes.fromhex(KEYS[case]["namespace"]) + row


def test_a_fingerprint_by_hand() -> None:
    golden = next(each for each in FINGERPRINTS if each["case"] == "own module")
    counts = struct.pack("<QQ", 1, 1)

    expected = digest(b"foreseen-model", sized(b"weights", counts, b"numpy", b"2.2.0", b"mine", b"x = 1\n"))

    assert golden["fingerprint"] == expected.hex()
