"""Encoded answers as entries, and back: the one form is of a batch, the other of each instance."""

from collections.abc import Sequence

from foreseen.domain.identity.entry import Entry
from foreseen.domain.values.predictions import EncodedPredictions


def entries_of(answers: EncodedPredictions, created_at_us: int, cost_us: int) -> list[Entry]:
    """Return an entry for each answer.

    Args:
        created_at_us: when the model was called, µs since 1970.
        cost_us: what each instance cost the model, µs.
    """
    nulls = answers.nulls
    if not nulls:
        return [Entry(body, created_at_us, cost_us) for body in answers.bodies]
    return [Entry(body, created_at_us, cost_us, nulls.get(row, b"")) for row, body in enumerate(answers.bodies)]


def encoded_of(entries: Sequence[Entry]) -> EncodedPredictions:
    """Return the answers that entries hold, in their order."""
    nulls = {row: entry.nulls for row, entry in enumerate(entries) if entry.nulls}
    return EncodedPredictions([entry.body for entry in entries], nulls)
