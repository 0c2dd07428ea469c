"""What an unfinished run was begun with is compared, and named, by the flags that say it."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
from typer.main import get_command

from foreseen.domain.tables.condition_text import read_condition
from foreseen.domain.tables.csv_dialect import CsvDialect
from foreseen.domain.tables.row_choice import RowChoice, Sample
from foreseen.domain.tables.table_format import OutputColumns, TableForm
from foreseen.entrypoints.cli.command_line import app
from foreseen.entrypoints.cli.options.recorded_options import flags_of_forms

OTHER: dict[type, dict[str, Any]] = {
    TableForm: {"format": "jsonl", "delimiter": ";", "quote": "'", "encoding": "latin-1", "missing_words": ("-",),
                "sheet": "s", "columns_as": (("a", "b"),)},
    CsvDialect: {"escape": "\\", "decimal": ",", "thousands": ".", "trim": True, "skip_rows": 1, "comment": "#",
                 "is_quote_chosen": True},
    RowChoice: {"where": read_condition("a > 1"), "sample": Sample(count=5), "limit": 7, "chunk_rows": 8},
    OutputColumns: {"keep": (), "prediction": "p", "model_column": "m", "model_name": "n"},
}  # fmt: skip
"""A value of each field that is not its default."""
ELSEWHERE = {"dialect", "rows", "delimiter_of_inputs"}
"""Fields of a form that hold others, or what an output has from its inputs."""


def others() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the flags of forms that differ from the usual in one field."""
    read, columns = TableForm(), OutputColumns()
    for name, value in OTHER[TableForm].items():
        yield name, flags_of_forms(replace(read, **{name: value}), read, columns)
    for name, value in OTHER[CsvDialect].items():
        yield name, flags_of_forms(replace(read, dialect=CsvDialect(**{name: value})), read, columns)
    for name, value in OTHER[RowChoice].items():
        yield name, flags_of_forms(replace(read, rows=RowChoice(**{name: value})), read, columns)
    for name, value in OTHER[OutputColumns].items():
        yield name, flags_of_forms(read, read, replace(columns, **{name: value}))
    for name in ("format", "delimiter"):
        yield f"output {name}", flags_of_forms(read, replace(read, **{name: OTHER[TableForm][name]}), columns)


def test_each_field_that_changes_the_output_changes_the_comparison() -> None:
    usual = flags_of_forms(TableForm(), TableForm(), OutputColumns())

    assert [name for name, flags in others() if flags == usual] == []
    forms = (TableForm, CsvDialect, RowChoice, OutputColumns)
    assert [each.name for form in forms for each in fields(form) if each.name not in {*ELSEWHERE, *OTHER[form]}] == []


def test_compared_options_are_named_as_on_the_command_line() -> None:
    root: Any = get_command(app)
    flags = {opt for each in root.commands["score"].params for opt in each.opts}
    named = {name.removesuffix(" given") for name in flags_of_forms(TableForm(), TableForm(), OutputColumns())}

    assert named - flags == {"the name of the model"}


@pytest.mark.parametrize(
    ("sample", "said"), [(Sample(count=5, seed=3), ("5", "3")), (Sample(share=0.25), ("0.25", "0")), (None, ("", ""))]
)
def test_a_sample_is_named_by_both_its_flags(sample: Sample | None, said: tuple[str, str]) -> None:
    flags = flags_of_forms(TableForm(rows=RowChoice(sample=sample)), TableForm(), OutputColumns())

    assert (flags["--sample"], flags["--seed"]) == said
