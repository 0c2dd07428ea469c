"""A text comes as UTF-8, whatever its file was encoded with, and says where it does not."""

import io

import pytest

from foreseen.adapters.tabular.reading.text_source import TextSource
from foreseen.domain.errors import TableError

TEXT = "navn,høyde\nÅse,1\nŒuf,2\n" + "x,3\n" * 200_000


def read(data: bytes, encoding: str = "utf-8") -> str:
    """Read a whole text."""
    source = TextSource(io.BytesIO(data), name="in", encoding=encoding)
    text = source.readall().decode()
    assert source.bytes_read == len(data)
    return text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "mac-roman"])
def test_a_text_is_the_same_in_every_encoding(encoding: str) -> None:
    assert read(TEXT.encode(encoding), encoding) == TEXT


def test_a_byte_order_mark_is_no_text() -> None:
    assert read(TEXT.encode("utf-8-sig")) == TEXT


@pytest.mark.parametrize("size", range(1, 8))
def test_a_character_may_lie_across_two_reads(size: int) -> None:
    class Dripping(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            return super().read(size)

    source = TextSource(Dripping("a\nÅŒ€😀,é\n".encode()), name="in")

    assert source.readall().decode() == "a\nÅŒ€😀,é\n"


@pytest.mark.parametrize("before", [0, 1, 300_000])
def test_undecodable_bytes_are_reported_with_their_line(before: int) -> None:
    with pytest.raises(TableError, match=f"^in: line {before + 2}: expected UTF-8, got the bytes e5; --encoding names"):
        read(b"a\n" + b"b\n" * before + b"bl\xe5 c\nd\n")


def test_a_file_that_ends_within_a_character_is_reported() -> None:
    with pytest.raises(TableError, match=r"^in: line 2: expected UTF-8, got the bytes c3"):
        read(b"a\nb\xc3")
    with pytest.raises(TableError, match=r"^in: line 2: expected UTF-16"):
        read("a\nb".encode("utf-16")[:-1], "utf-16")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_a_byte_order_mark_is_skipped_in_every_encoding(encoding: str) -> None:
    assert TextSource(io.BytesIO("\ufeffa,b\n".encode(encoding)), name="in", encoding=encoding).read() == b"a,b\n"


@pytest.mark.parametrize(
    ("written", "named"),
    [("utf-16", "utf-16"), ("utf-32", "utf-32"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be")],
)
def test_text_of_wide_characters_names_its_encoding(written: str, named: str) -> None:
    text = "alpha,b\n1,2\n"
    with pytest.raises(TableError, match=f"^in: expected UTF-8, got {named.upper()}; --encoding {named} reads it$"):
        TextSource(io.BytesIO(text.encode(written)), name="in").read()

    assert TextSource(io.BytesIO(text.encode(written)), name="in", encoding=named).read() == text.encode()


@pytest.mark.parametrize("data", [b"a\0b\0c,d\n", b"\0\0\0\0", b"a", b"a,b\n1,x\0y\n"])
def test_some_zeros_are_no_wide_characters(data: bytes) -> None:
    assert TextSource(io.BytesIO(data), name="in").read() == data
