"""What the command line says of rows and columns: which are meant, and what makes no sense."""

import pytest

from foreseen.domain.tables.condition_text import read_condition
from foreseen.domain.tables.row_choice import ALL_ROWS, RowChoice, Sample
from foreseen.domain.tables.table_format import TableForm
from foreseen.entrypoints.cli.options.engine_option import is_on_ray
from foreseen.entrypoints.cli.options.file_options import InputOptions, OutputOptions, files_of
from foreseen.entrypoints.cli.options.row_options import row_choice_of
from foreseen.entrypoints.cli.run.run_files import Files
from foreseen.settings import SettingsError
from support.called_command import Called


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("1000", Sample(count=1000)),
        ("1", Sample(count=1)),
        ("5%", Sample(share=0.05)),
        ("0.5%", Sample(share=0.005)),
        ("0.25", Sample(share=0.25)),
    ],
)
def test_a_sample_is_a_number_of_rows_or_a_share(given: str, read: Sample) -> None:
    assert row_choice_of(None, given, None, None, None) == RowChoice(sample=read)


def test_without_options_all_rows_are_chosen() -> None:
    assert row_choice_of(None, None, None, None, None) == ALL_ROWS


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (ALL_ROWS, "all"),
        (
            RowChoice(read_condition("a > 1"), Sample(share=0.05, seed=3), 10, 100),
            "where a > 1, a sample of 0.05 of the rows with seed 3, the first 10, 100 at a time",
        ),
        (RowChoice(sample=Sample(count=7)), "a sample of 7 rows with seed 0"),
    ],
)
def test_a_resumed_run_compares_all_that_was_chosen(choice: RowChoice, said: str) -> None:
    assert str(choice) == said


def chosen(*, delimiter: str | None = None, output_delimiter: str | None = None) -> Files:
    read, written = InputOptions(delimiter=delimiter), OutputOptions(output_delimiter=output_delimiter)
    return files_of(["-"], read, written, model_name="m")


@pytest.mark.parametrize(("given", "written"), [(None, None), (",", ","), ("tab", "\t"), ("|", "|")])
def test_the_output_may_have_a_delimiter_of_its_own(given: str | None, written: str | None) -> None:
    files = chosen(delimiter=";", output_delimiter=given)

    assert (files.input.delimiter, files.output.delimiter) == (";", written)
    assert files.output.delimiter_of_inputs == ";"


def test_the_model_column_is_written_only_on_request() -> None:
    assert chosen().columns.model_name == ""
    assert chosen().input == TableForm()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("--where", "a = 1"), "--where: expected a condition such as price > 10 and kind == 'new', got 'a = 1'; =="),
        (("--where", "open('x')"), "--where: expected a column"),
        (("--sample", "0"), "--sample: expected a number of rows such as 1000, or a share such as 5%, got '0'"),
        (("--sample", "100%"), "--sample: expected a number of rows"),
        (("--sample", "-5"), "--sample: expected a number of rows"),
        (("--sample", "some"), "--sample: expected a number of rows"),
        (("--seed", "1"), "--seed: expected --sample with it"),
        (("--columns-as", "a"), "--columns-as: expected column=feature, separated by commas, got 'a'"),
        (("--columns-as", "a=b,a=c"), "--columns-as: expected each column once, got 'a' twice"),
        (("--columns-as", "a=b,c=b"), "--columns-as: expected each feature once, got 'b' twice"),
        (("--model-column", ""), "--model-column: expected a name, got nothing"),
        (("--output-delimiter", ";;"), "--output-delimiter: expected one ASCII character that is not the quote"),
        (("--output-delimiter", '"'), "--output-delimiter: expected one ASCII character that is not the quote"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_nonsensical_choice_is_reported_in_one_line(line: tuple[str, ...], said: str, called: Called) -> None:
    ended = called("score", "m", "-", *line, "-o", "x")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"foreseen: {said}")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("choice", [RowChoice(limit=1), RowChoice(sample=Sample(count=1))])
def test_a_number_of_rows_is_not_for_a_cluster(choice: RowChoice) -> None:
    with pytest.raises(SettingsError, match=r"--limit|--sample"):
        is_on_ray("ray", None, rows=choice)
    assert is_on_ray("ray", None, rows=RowChoice(sample=Sample(share=0.5)))
