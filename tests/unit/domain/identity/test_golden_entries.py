"""Golden entries: the bytes of each format version, which replicas of different releases share."""

import json
import struct
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from foreseen.domain.identity.entry import FORMAT_VERSION, WITH_NULLS, Entry, EntryFormat
from foreseen.domain.identity.key import Key

ENTRIES: list[Any] = json.loads((Path(__file__).parent / "golden" / "entries.json").read_text())


@pytest.mark.parametrize("golden", ENTRIES, ids=lambda golden: golden["case"])
def test_entries_are_what_they_were(golden: Any) -> None:
    key, stored = Key(bytes.fromhex(golden["key"])), bytes.fromhex(golden["stored"])
    body, nulls = bytes.fromhex(golden["body"]), bytes.fromhex(golden.get("nulls", ""))
    entry = Entry(body, golden["created_at_us"], golden["cost_us"], nulls)
    entry_format = EntryFormat(bytes.fromhex(golden["secret"]))

    assert entry_format.seal(key, entry) == stored
    assert entry_format.unseal(key, stored) == entry


def test_the_versions_in_use_are_pinned() -> None:
    assert {FORMAT_VERSION, WITH_NULLS} == {golden["format_version"] for golden in ENTRIES}


def test_an_entry_by_hand() -> None:
    golden = next(each for each in ENTRIES if each["case"] == "with a secret")
    key = bytes.fromhex(golden["key"])
    payload = b"fsn\x01" + struct.pack("<QQ", 1_700_000_000_000_000, 1234) + b'{"prediction":"0"}'
    sealed = struct.pack("<I", len(key)) + key + payload

    seal = blake2b(sealed, digest_size=16, key=b"hush", person=b"foreseen-entry").digest()

    assert bytes.fromhex(golden["stored"]) == payload + seal
