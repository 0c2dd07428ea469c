"""The journal: what it returns is what was written, whatever became of its last line; anything else is rejected."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreseen.adapters.spool.journal.checked_lines import checked_line
from foreseen.adapters.spool.journal.journal import (
    Extent,
    State,
    Step,
    is_journal,
    origin_line,
    read_journal,
    step_line,
)
from foreseen.adapters.spool.run_identity.run_identity import InputDigest, Origin
from foreseen.domain.errors import TableError
from foreseen.domain.tables.notices import Notice
from foreseen.domain.tables.table import Scored
from support.example_counts import examples

ORIGIN = Origin(
    (InputDigest("in \n.csv", 5, "ab" * 32), InputDigest("ü.csv", 0, "cd" * 32)), "m", {"outputs": "predict"}
)
STEPS = [Step(Scored(n, n * 10, n), Extent(n * 100, n), Extent(n * 7, n)) for n in (1, 2, 3)]
STEPS[-1] = Step(STEPS[-1].scored, STEPS[-1].rows, STEPS[-1].rejects, State.WHOLE, (Notice("kind", "ü", 3, "NA"),))


def lines() -> list[bytes]:
    line, check = origin_line(ORIGIN, replaces=True)
    written = [line]
    for step in STEPS:
        line, check = step_line(step, check)
        written.append(line)
    return written


LINES = lines()
WHOLE = b"".join(LINES)


def test_it_records_its_origin_and_the_last_step() -> None:
    journal = read_journal(WHOLE, name="j")

    assert journal is not None
    assert (journal.origin, journal.replaces, journal.step, journal.size) == (ORIGIN, True, STEPS[-1], len(WHOLE))


@pytest.mark.parametrize("zeros", [0, 1, 500])
def test_torn_at_any_byte_it_ends_with_the_step_before(zeros: int) -> None:
    for size in range(len(WHOLE) + 1):
        data = WHOLE[:size] + bytes(zeros)
        whole = sum(len(b"".join(LINES[:count])) <= size for count in range(1, len(LINES) + 1))

        assert is_journal(data)
        journal = read_journal(data, name="j")

        assert (journal.step if journal else None) == (STEPS[whole - 2] if whole > 1 else None)
        assert journal is None or journal.size == len(b"".join(LINES[:whole]))


@settings(max_examples=examples(150), deadline=None)
@given(place=st.integers(0, len(WHOLE) - len(LINES[-1]) - 2), byte=st.integers(0, 255))
def test_a_journal_changed_before_its_last_line_is_rejected(place: int, byte: int) -> None:
    changed = WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :]
    if changed == WHOLE:
        return
    with pytest.raises(TableError, match=r"j: expected an unchanged journal, got a changed line \d"):
        read_journal(changed, name="j")


def test_a_foreign_or_misplaced_line_is_rejected() -> None:
    for order in ((0, 2, 3), (0, 1, 3, 3), (1, 0, 2)):
        with pytest.raises(TableError, match="got a changed line"):
            read_journal(b"".join(LINES[number] for number in order), name="j")


def test_a_journal_of_another_format_is_rejected() -> None:
    other, _ = origin_line(ORIGIN, replaces=False)
    body = json.loads(other) | {"foreseen_journal": 1}
    body.pop("check")

    line, _ = checked_line(body, "")
    with pytest.raises(TableError, match="expected a journal of format 3, got 1"):
        read_journal(line, name="j")


@pytest.mark.parametrize("data", [b"my notes", b"{}\n", b"\0x", b'{"foreseen_journey":1}\n'])
def test_another_file_is_no_journal(data: bytes) -> None:
    assert not is_journal(data)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (ORIGIN, ""),
        (Origin(ORIGIN.inputs[:1], "m", ORIGIN.options), "expected the input in \n.csv, ü.csv, got in \n.csv"),
        (
            Origin((ORIGIN.inputs[0], InputDigest("ü.csv", 1, "ef" * 32)), "m", ORIGIN.options),
            f"expected ü.csv as it was (0 bytes, SHA-256 {'cd' * 8}…), got other content (1 bytes, {'ef' * 8}…)",
        ),
        (Origin(ORIGIN.inputs, "n", ORIGIN.options), "expected the model m, got n"),
        (Origin(ORIGIN.inputs, "n", {"outputs": "predict_proba"}), "expected outputs predict, got predict_proba"),
        (Origin(ORIGIN.inputs, "m", {**ORIGIN.options, "keep": "a"}), "expected keep nothing, got a"),
    ],
)
def test_a_difference_is_named(now: Origin, said: str) -> None:
    assert ORIGIN.difference(now) == said
