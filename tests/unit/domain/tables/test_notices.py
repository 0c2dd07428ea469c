"""Remarks about columns are counted, and shown in one line each."""

from foreseen.domain.tables.notices import Notice, Notices


def test_remarks_of_one_kind_and_column_are_added_up() -> None:
    notices = Notices()

    notices.count("words read as missing", "alley", "NA", 2)
    notices.count("words read as missing", "alley", "null", 3)
    notices.count("words read as missing", "area")

    assert notices.listed() == [
        Notice("words read as missing", "alley", 5, "NA"),
        Notice("words read as missing", "area", 1),
    ]


def test_kinds_are_kept_together_in_the_order_they_were_met() -> None:
    notices = Notices()

    for kind, column in (("one", "a"), ("two", "a"), ("one", "b")):
        notices.count(kind, column)

    assert [(notice.kind, notice.column) for notice in notices.listed()] == [("one", "a"), ("one", "b"), ("two", "a")]


def test_without_a_count_there_is_no_notice() -> None:
    notices = Notices()

    notices.count("words read as missing", "alley", "NA", 0)

    assert notices.listed() == []


def test_counts_of_another_process_are_added_once() -> None:
    here, there = Notices(), Notices()
    there.count("one", "a", "x", 2)
    here.count("one", "a", "y")

    here.add(there.taken())
    here.add(there.taken())

    assert here.listed() == [Notice("one", "a", 3, "y")]


def test_a_notice_is_a_line_with_count_and_example() -> None:
    assert str(Notice("words read as missing", "alley", 1200, "NA")) == (
        "column 'alley': words read as missing (1,200, such as NA)"
    )
    assert str(Notice("files without rows", "", 2)) == "files without rows (2)"
