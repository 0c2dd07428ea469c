"""Fingerprint of a model, Key of an instance, and the recipe between them.

A key is `namespace ‖ row`. The namespace says which model under which signature and outputs, so that a new model never
answers with an old one's prediction; the row is the instance. docs/adr/0003 gives the reasons,
tests/unit/domain/identity/golden the bytes.
"""

import struct
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from typing import Final, NewType

from foreseen.domain.identity.instance_encoding import ALL_VALUES, InstanceEncoding
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Signature

RECIPE_VERSION: Final = 2
"""Part of every namespace: a change of the recipe empties the cache instead of mixing old keys with new ones."""

DIGEST_SIZE: Final = 16
ROW_LIMIT: Final = 64
"""Largest canonical row that a key contains unhashed, bytes."""

Fingerprint = NewType("Fingerprint", bytes)
Namespace = NewType("Namespace", bytes)
Key = NewType("Key", bytes)


def fingerprint(artefact: bytes, versions: Mapping[str, str], sources: Mapping[str, bytes]) -> Fingerprint:
    """Digest one exact model, 16 bytes.

    Args:
        artefact: what identifies the model file, such as its digest.
        versions: of each library that computes, by name: under another version the same file may answer differently.
        sources: of each module of the user's own that the file needs, by name: a pickle names a class, but does not
            contain its code.
    """
    named_versions = (text.encode() for pair in sorted(versions.items()) for text in pair)
    named_sources = chain.from_iterable((name.encode(), source) for name, source in sorted(sources.items()))
    counts = struct.pack("<QQ", len(versions), len(sources))
    return Fingerprint(_digest(b"foreseen-model", artefact, counts, *named_versions, *named_sources))


def fingerprint_as_called(model: Fingerprint, *how: bytes) -> Fingerprint:
    """Digest a model together with how it is called, on which the last bits of its answers may depend."""
    return Fingerprint(_digest(b"foreseen-called", model, *how))


def namespace(
    model: Fingerprint, signature: Signature, outputs: Sequence[str], encoding: InstanceEncoding = ALL_VALUES
) -> Namespace:
    """Digest everything but the instance that an answer depends on, 16 bytes, and how instances are encoded.

    The kind is part of it: it decides whether a label is shown as text or as a number.
    """
    shown = "\n".join(outputs).encode()
    kind = signature.kind.encode()
    parts = (model, signature.canonical(), kind, shown, bytes([RECIPE_VERSION]))
    canonical = encoding.canonical()
    return Namespace(_digest(b"foreseen-names", *parts, canonical) if canonical else _digest(b"foreseen-names", *parts))


def _digest(person: bytes, *parts: bytes) -> bytes:
    digest = blake2b(digest_size=DIGEST_SIZE, person=person)
    for part in parts:  # length first: ("ab", "c") is not ("a", "bc")
        digest.update(struct.pack("<Q", len(part)))
        digest.update(part)
    return digest.digest()


class KeyRecipe:
    """How the instances of one model become keys, one at a time or a batch at once: both ways give the same."""

    def __init__(self, names: Namespace, signature: Signature, encoding: InstanceEncoding = ALL_VALUES) -> None:
        """Accept the model's namespace, of which the encoding is a part, and its signature."""
        self.namespace = names
        encoder = encoding.encoder(signature)
        self._sizes_differ = not encoder.has_one_size
        self._encoded = encoder.one
        self._all_encoded = encoder.many

    def key(self, values: Sequence[object]) -> Key:
        """Return the key of one valid instance: a value per feature, in the signature's order.

        Args:
            values: Python numbers, strings, None where missing, nested lists for tensors; dates and times as ISO 8601
                text or nanoseconds since 1970.
        """
        encoded = self._encoded(values)
        if self._sizes_differ or len(encoded) > ROW_LIMIT:
            return self._key(encoded)
        return Key(self.namespace + encoded)

    def keys(self, batch: Batch) -> list[Key]:
        """Return the keys of a batch, in its order."""
        encoded = self._all_encoded(batch)
        if self._sizes_differ or (encoded and len(encoded[0]) > ROW_LIMIT):
            return list(map(self._key, encoded))
        return [Key(self.namespace + each) for each in encoded]

    def _key(self, encoded: bytes) -> Key:
        size = len(encoded)
        # A short one of exactly a digest's length is digested too where lengths differ, so that none can be made to
        # look like the digest of another.
        if size > ROW_LIMIT or (self._sizes_differ and size == DIGEST_SIZE):
            encoded = blake2b(encoded, digest_size=DIGEST_SIZE, key=self.namespace, person=b"foreseen-row").digest()
        return Key(self.namespace + encoded)
