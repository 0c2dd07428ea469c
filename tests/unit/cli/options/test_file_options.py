"""What the command line says of files: which are meant, in which form, and what makes no sense."""

import io
from pathlib import Path

import pytest

from foreseen.domain.tables.csv_dialect import CsvDialect
from foreseen.domain.tables.missing_value_words import MISSING_WORDS
from foreseen.domain.tables.table_format import OutputColumns, TableForm
from foreseen.entrypoints.cli.options.file_options import InputOptions, OutputOptions, files_of
from foreseen.entrypoints.cli.process.standard_output import beside_output, reached_through
from foreseen.entrypoints.cli.run.run_files import Files, size_of
from foreseen.settings import SettingsError
from support.called_command import Called


def files(*inputs: str, keep: str | None = None, na: str | None = None) -> Files:
    """Read the inputs of a command line."""
    return files_of(inputs, InputOptions(na=na), OutputOptions(keep=keep), model_name="m")


def test_a_pattern_means_all_matching_files_sorted_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("day-2.csv", "day-10.csv", "day-1.csv", "other.csv"):
        Path(name).write_text("x" * 10)

    assert files("day-2.csv", "day-*.csv", "-").sources == ("day-2.csv", "day-1.csv", "day-10.csv", "-")
    assert files(str(tmp_path / "o*.csv")).sources == (str(tmp_path / "other.csv"),)
    assert size_of(["day-1.csv", "day-2.csv"]) == 20
    assert size_of(["day-1.csv", "away.csv"]) == 0


def test_a_file_named_like_a_pattern_is_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("day[1].csv").touch()
    Path("day1.csv").touch()

    assert files("day[1].csv").sources == ("day[1].csv",)


@pytest.mark.parametrize(("given", "words"), [(None, MISSING_WORDS), ("", ()), ("-, NA", ("-", "NA"))])
def test_missing_value_words_are_those_of_pandas_or_the_option(given: str | None, words: tuple[str, ...]) -> None:
    assert files("in.csv", na=given).input.missing_words == words


@pytest.mark.parametrize(("given", "kept"), [(None, None), ("", ()), ("a, b", ("a", "b")), ("a,", ("a",))])
def test_columns_to_keep_are_names_between_commas(given: str | None, kept: tuple[str, ...] | None) -> None:
    assert files("-", keep=given).columns == OutputColumns(kept)


def test_a_declared_format_holds_for_input_and_output() -> None:
    read = InputOptions(input_format="jsonl", delimiter="tab", quote="'", encoding="latin1", columns_as="a=b")
    found = files_of(["-"], read, OutputOptions(output_format="parquet"), model_name="m")

    dialect, pairs = CsvDialect(is_quote_chosen=True), (("a", "b"),)
    assert found.input == TableForm("jsonl", "\t", "'", "iso8859-1", dialect=dialect, columns_as=pairs)
    assert found.output == TableForm("parquet", quote="'", delimiter_of_inputs="\t", dialect=dialect, columns_as=pairs)


WRONG = {
    "- twice": ("- -", "INPUT: expected - once, got it twice"),
    "no match": ("day-*.csv", "INPUT: expected files like day-*.csv, got none"),
    "--format": ("a --format excel", "--format: expected csv, tsv, parquet, jsonl, json, arrow, orc or xlsx, got"),
    "--output-format": (
        "a --output-format xls",
        "--output-format: expected csv, tsv, parquet, jsonl, arrow, orc or xlsx",
    ),
    "--delimiter": ("a --delimiter ;;", "--delimiter: expected one ASCII character, got ';;'"),
    "--delimiter, wide": ("a --delimiter §", "--delimiter: expected one ASCII character, got '§'"),
    "--quote": ("a --quote ab", "--quote: expected one ASCII character, or none, got 'ab'"),
    "--quote, nothing": ("a --quote=", "--quote: expected one ASCII character, or none, got ''"),
    "--escape": ("a --escape ab", "--escape: expected one ASCII character, got 'ab'"),
    "--escape, quote": ("a --quote | --escape |", "--escape: expected another character than the quote, got '|'"),
    "--decimal": ("a --decimal 5", "--decimal: expected one character that no number has, got '5'"),
    "--thousands": ("a --thousands .", "--thousands: expected another character than the decimal mark, got '.'"),
    "--comment": ("a --comment //", "--comment: expected one ASCII character, got '//'"),
    "--skip-rows": ("a --skip-rows -1", "Invalid value for '--skip-rows'"),
    "--quote, delimiter": ("a --quote ; --delimiter ;", "--quote: expected another character than the delimiter"),
    "--encoding": ("a --encoding klingon", "--encoding: expected one such as utf-8, utf-16, latin-1 or cp1252, got"),
    "--encoding, bytes": ("a --encoding hex", "--encoding: expected one such as utf-8"),
    "--prediction-column": ("a --prediction-column=", "--prediction-column: expected a name, got nothing"),
}


@pytest.mark.parametrize("name", WRONG)
def test_contradictory_options_are_reported_in_one_line(name: str, called: Called) -> None:
    line, said = WRONG[name]

    ended = called("score", "m", *line.split(), "-o", "x")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"foreseen: {said}")
    assert ended.err.count("\n") == 1


def test_an_empty_name_is_rejected_with_its_option() -> None:
    with pytest.raises(SettingsError, match=r"^INPUT: expected the name of a file, got nothing$"):
        files("a.csv", "")
    with pytest.raises(SettingsError, match=r"^--output: expected the name of a file, got nothing$"):
        reached_through(io.StringIO(), "")
    with pytest.raises(SettingsError, match=r"^--summary: expected the name of a file, got nothing$"):
        beside_output(io.StringIO(), "", output="o", flag="--summary")


@pytest.mark.parametrize("url", ["file:///data/a[1].csv", "file:/data/a[1].csv"])
def test_a_url_of_a_file_is_no_pattern(url: str) -> None:
    assert files(url).sources == (url,)


def test_a_name_with_a_nul_is_rejected_with_its_option() -> None:
    with pytest.raises(SettingsError, match=r"^--output: expected the name of a file, got one with a NUL in it$"):
        reached_through(io.StringIO(), "file:///a%00.csv")


def test_every_form_is_in_the_help(called: Called) -> None:
    text = called("score", "--help").out

    for word in (
        "--format",
        "--output-format",
        "--delimiter",
        "--quote",
        "--escape",
        "--decimal",
        "--thousands",
        "--trim",
        "--skip-rows",
        "--comment",
        "--encoding",
        "--keep",
        "--prediction-column",
    ):
        assert word in text
