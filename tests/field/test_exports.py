"""What Excel, R, databases, Spark and pandas write is scored by the command that the documentation gives for it."""

import shlex
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from foreseen.domain.tables.table_format import OutputColumns
from foreseen.domain.values.signature import Feature
from foreseen.entrypoints.cli.command_line import app
from foreseen.entrypoints.cli.commands import score_files as scoring
from foreseen.entrypoints.cli.process.exit_codes import run
from support.table_round_trip import copied

if TYPE_CHECKING:
    from foreseen.entrypoints.cli.run.score_job import Job

DOCUMENT = Path(__file__).parents[2] / "docs" / "scoring.md"
FEATURES = (Feature("weight"), Feature("sex", dtype="string"))
ROWS = [(1234.5, "f"), (3.25, "m")]

WRITTEN: dict[str, bytes] = {
    "pandas": b"weight,sex,note\n1234.5,f,x\n3.25,m,\n",
    "pandas, with its index": b",weight,sex,note\n0,1234.5,f,x\n1,3.25,m,\n",
    "pandas, for Europe": b";weight;sex;note\n0;1234,5;f;x\n1;3,25;m;\n",
    'Excel, "CSV UTF-8"': b"\xef\xbb\xbfweight,sex,note\r\n1234.5,f,x\r\n3.25,m,\r\n",
    'Excel, "CSV" in Europe': "weight;sex;note\r\n1.234,5;f;\u00c5\r\n3,25;m;\r\n".encode("cp1252"),
    'Excel, "Unicode Text"': "weight\tsex\tnote\r\n1234.5\tf\t\u00c5\r\n3.25\tm\t\r\n".encode("utf-16"),
    "R": b'"weight","sex","note"\n1234.5,"f","NA"\n3.25,"m",NA\n',
    "R, with row names": b'"weight" "sex" "note"\n"1" 1234.5 "f" "say \\"x\\""\n"2" 3.25 "m" NA\n',
    "R, for Europe": b'"";"weight";"sex";"note"\n"1";1234,5;"f";"x"\n"2";3,25;"m";NA\n',
    "PostgreSQL": b'weight,sex,note\n1234.5,f,""\n3.25,m,\n',
    "DuckDB": b'weight,sex,note\n1234.5,f,"a,b"\n3.25,m,\n',
    "SQLite": b"weight,sex,note\r\n1234.5,f,x\r\n3.25,m,\r\n",
    "MySQL, its client": b'weight\tsex\tnote\n1234.5\tf\t"open\n3.25\tm\tNULL\n',
    "MySQL, on its server": b'weight\tsex\tnote\n1234.5\tf\t"open\\\tx\n3.25\tm\t\\N\n',
    "SQL Server": b'weight|sex|note\n1234.5|f|5" pipe\n3.25|m|NULL\n',
    "Spark": b'weight,sex,note\n1234.5,f,"say \\"x\\", y"\n3.25,m,""\n',
    "instruments": b"Station 7\nweek 3\nweight,sex,note\n1234.5,f,x\n# a pause\n3.25,m,\n",
}


def documented() -> dict[str, str]:
    """Return the command for each program of the table in the documentation."""
    _, _, section = DOCUMENT.read_text().partition("## Exports of Excel, R, SQL, Spark, pandas")
    rows = [
        line.replace("\\|", "\0").split("|")
        for line in section.partition("\n## ")[0].splitlines()
        if "`foreseen" in line
    ]
    return {row[1].strip(): row[3].strip(" `").replace("\0", "|") for row in rows}


@pytest.mark.parametrize("program", WRITTEN)
def test_the_documented_command_scores_what_the_program_writes(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[Job] = []
    monkeypatch.setattr("foreseen.entrypoints.cli.command_line.model_begun", lambda *_: nullcontext())
    monkeypatch.setattr(scoring, "score_files", lambda _, job, *__: jobs.append(job))
    command = shlex.split(documented()[program])
    run(lambda: app(command[1:], standalone_mode=False))
    (job,) = jobs
    form = job.files.input

    found = copied(
        WRITTEN[program],
        *FEATURES,
        name=job.files.sources[0],
        out=job.output,
        form=form,
        written=job.files.output,
    )

    assert (found.rows, found.rejects) == (ROWS, [])
    again = copied(
        found.out,
        *FEATURES,
        name=job.output,
        form=replace(form, format=None, encoding="utf-8", dialect=replace(form.dialect, skip_rows=0)),
        columns=OutputColumns(prediction="again"),
    )
    assert (again.rows, again.rejects) == (ROWS, [])


def test_every_documented_command_has_a_test() -> None:
    assert set(WRITTEN) <= set(documented())
