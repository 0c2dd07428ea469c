"""CSV files as people have them: no row vanishes, cells come out as they went in, what does not fit is said soon."""

import csv
import io
import time

import pandas as pd
import pytest

from foreseen.adapters.tabular.csv import csv_blocks, csv_reader
from foreseen.domain.errors import TableError
from foreseen.domain.tables.csv_dialect import CsvDialect
from foreseen.domain.tables.notices import Notices
from foreseen.domain.tables.table_format import OutputColumns, TableForm
from foreseen.domain.values.signature import Feature
from support.table_round_trip import Copied, copied

A, B = Feature("a"), Feature("b")
SEX, FLIPPER = Feature("sex", dtype="string"), Feature("flipper")
SWALLOWED = 'note\tsex\tflipper\n"big one\tmale\t195\nplain\tfemale\t180\n"small one\tmale\t170\nlast\tmale\t200\n'


def rejection(data: str | bytes, *features: Feature, **more: TableForm) -> str:
    """Read a file that is rejected, and return the one line that says why, without its name."""
    with pytest.raises(TableError) as caught:
        copied(data, *features, **more)  # type: ignore[arg-type]
    said = str(caught.value)
    assert "\n" not in said
    return said.partition("in.csv: ")[2]


def rows_of(found: Copied, delimiter: str = ",") -> list[list[str]]:
    """Return the cells of an output."""
    return list(csv.reader(io.StringIO(found.out, newline=""), delimiter=delimiter))


class TestRowsThatVanish:
    """I13: a cell that begins with a quote, in a file that has none, swallows the lines up to the next."""

    def test_without_quotes_every_row_is_scored_and_copied_unchanged(self) -> None:
        form = TableForm(quote="", dialect=CsvDialect(is_quote_chosen=True))

        found = copied(SWALLOWED, SEX, FLIPPER, name="in.tsv", out="out.tsv", form=form)

        assert len(found.rows) == 4
        assert [line.removesuffix("\t1") for line in found.out.splitlines()[1:]] == SWALLOWED.splitlines()[1:]

    def test_a_swallowed_row_is_found_before_anything_is_scored(self) -> None:
        said = rejection(SWALLOWED.replace("\t", ","), SEX, FLIPPER)

        assert said.startswith("line 2: expected a cell in quotes, got one over 3 lines that each have 3 cells")
        assert "--quote none" in said

    def test_a_ditto_mark_that_swallows_a_row_is_reported(self) -> None:
        data = 'note,sex,flipper\n",m,1\nplain,f,2\n",m,3\nlast,m,4\n'

        assert "--quote none" in rejection(data, SEX, FLIPPER)
        assert "--quote none" in rejection("note,sex,flipper\n" + '"a,m,1\nb",f,2\n' * 2, SEX, FLIPPER)

    def test_cells_over_several_lines_are_no_rows(self) -> None:
        found = copied('note,sex,flipper\n"12 Main St,\nSpringfield, IL",m,1\n"a\nb",f,2\n', SEX, FLIPPER)

        assert (found.rows, found.rejects) == ([("m", 1.0), ("f", 2.0)], [])

    def test_late_in_a_file_every_row_is_scored_or_rejected(self) -> None:
        data = "note,sex,flipper\n" + "x,male,180\n" * 2000 + SWALLOWED.partition("\n")[2].replace("\t", ",")

        found = copied(data, SEX, FLIPPER)

        (reject,) = found.rejects
        assert (reject.line, reject.row.count("\n"), len(found.rows)) == (2002, 2, 2001)
        assert reject.reason.startswith(
            "expected a cell in quotes, got one over lines that are rows by themselves; --quote"
        )

    def test_a_cell_over_several_lines_is_reported(self) -> None:
        notices = Notices()

        found = copied('note,sex,flipper\n"a,m,1\nb,f,2\nc",f,2\n"d\n",m,1\n', SEX, FLIPPER, notices=notices)

        assert (len(found.rows), found.rejects) == (2, [])
        assert [(one.count, one.example[:6]) for one in notices.listed()] == [(1, "line 2")]

    @pytest.mark.parametrize("cell", ['"Big" Joe', '"a"b"', '"x" ', '""x'])
    def test_text_after_a_closing_quote_is_a_reject(self, cell: str) -> None:
        found = copied(f"a,t,b\n1,fine,2\n3,{cell},4\n5,fine,6\n", A, B)

        assert (len(found.rows), found.rejected) == (2, [(3, "")])
        assert found.rejects[0].row == f"3,{cell},4"

    @pytest.mark.parametrize("cell", ['5" pipe', 'a "b" c', "it's", '5""'])
    def test_quotes_within_a_cell_are_text(self, cell: str) -> None:
        found = copied(f"a,t,b\n1,{cell},2\n", A, B)

        assert found.rejects == []
        assert rows_of(found)[1][1] == cell

    def test_a_quoted_cell_over_many_lines_names_its_line(self) -> None:
        said = rejection('a,t,b\n1,x,2\n3,"' + "y\n" * 1200 + '",4\n', A, B)

        assert said.startswith("line 3: expected rows over at most 1,000 lines, got one over 1,201; --quote none")

    def test_an_unclosed_quote_is_reported_with_its_line(self) -> None:
        said = rejection('a,t,b\n1,x,2\n3,"y,4\n' + "5,z,6\n" * 300_000, A, B)

        assert said.startswith('line 3: expected a closing ", got none on the next 1,000 lines; --quote none')

    def test_an_unclosed_quote_in_the_header_is_found_at_once(self) -> None:
        started = time.process_time()

        said = rejection('a,"b\n' + "1,2\n" * 1_200_000, A, B)

        assert said.startswith('line 1: expected a closing ", got none on the next 1,000 lines; --quote none')
        assert time.process_time() - started < 10  # of the processor's, however busy; it was five minutes

    def test_a_stray_quote_in_a_column_name_is_a_character(self) -> None:
        assert copied('a,5" pipe,b\n1,2,3\n', A, B).rows == [(1.0, 3.0)]

    def test_text_behind_a_quoted_name_is_reported(self) -> None:
        assert rejection('a,"big" note,b\n1,2,3\n', A, B).startswith("line 1: expected the end of a cell after")


class TestCellsThatAreKept:
    @pytest.mark.parametrize(
        "cell",
        ['""', "", '"NA"', "NA", '"null"', "null", '"NaN"', "N/A", '"#N/A"', '"a,b"', '"say ""x"""', '"x\ny"', " x "],
    )
    def test_a_cell_is_written_as_it_was_read(self, cell: str) -> None:
        for keep in (None, ("t", "a")):
            found = copied(f"t,a\n{cell},1\nplain,2\n", A, columns=OutputColumns(keep))

            assert found.out == f"t,a,prediction\n{cell},1,1\nplain,2,1\n"

    def test_an_empty_text_is_distinct_from_a_missing_value(self) -> None:
        assert copied('{"t":"","a":1}\n{"t":null,"a":2}\n', A, name="in.jsonl").out == 't,a,prediction\n"",1,1\n,2,1\n'

    def test_quotes_stay_with_their_rows_where_others_are_rejected(self) -> None:
        found = copied('t,a\n"NA",1\nNA,x\nNA,2\n"",3\n', A)

        assert found.out == 't,a,prediction\n"NA",1,1\nNA,2,1\n"",3,1\n'

    def test_a_missing_value_alone_in_its_row_is_scored(self) -> None:
        """B: pandas writes the missing value of a file with one column as two quotes."""
        text = pd.DataFrame({"a": [1.0, None, 3.0]}).to_csv(index=False)

        found = copied(text, Feature("a", missing=True))

        assert found.rejects == []
        assert found.out.splitlines() == ["a,prediction", "1.0,1", '"",1', "3.0,1"]


class TestEscapes:
    FORM = TableForm(dialect=CsvDialect(escape="\\"))

    @pytest.mark.parametrize(
        ("cell", "text"),
        [(r'"say \"x\""', 'say "x"'), (r'"a\\b"', "a\\b"), ('"x\\,y"', "x,y"), (r"\N", r"\N"), ("p", "p")],
    )
    def test_a_backslash_makes_the_next_character_an_ordinary_one(self, cell: str, text: str) -> None:
        found = copied(f"a,t\n1,{cell}\n2,z\n", A, Feature("t", dtype="string"), form=self.FORM)

        assert found.rows == [(1.0, text), (2.0, "z")]
        again = copied(
            found.out, A, Feature("t", dtype="string"), form=self.FORM, columns=OutputColumns(prediction="p")
        )
        assert again.rows == found.rows

    def test_a_backslash_before_an_ordinary_character_is_kept(self) -> None:
        assert copied("a,t\n1,C:\\temp\n", A, Feature("t", dtype="string"), form=self.FORM).rows == [(1.0, "C:\\temp")]

    def test_missing_values_of_mysql_are_written_unchanged(self) -> None:
        assert (
            copied("a\tt\n1\t\\N\n", A, name="in.tsv", out="out.tsv", form=self.FORM).out
            == "a\tt\tprediction\n1\t\\N\t1\n"
        )

    def test_without_quotes_what_would_need_them_is_escaped(self) -> None:
        form = TableForm(quote="", dialect=CsvDialect(escape="\\", is_quote_chosen=True))

        assert copied("a,t\n1,x\\,y\n", A, form=form).out == "a,t,prediction\n1,x\\,y,1\n"

    def test_without_quotes_or_escapes_an_unwritable_cell_ends_the_run(self) -> None:
        form = TableForm(quote="", dialect=CsvDialect(is_quote_chosen=True))

        with pytest.raises(
            TableError, match=r'line 2: expected cells without ",".* as there are no quotes, got "x,y"; --quote'
        ):
            copied("a\tt\n1\tx\n", A, name="in.tsv", form=form, answer="x,y")


class TestNumbers:
    def test_a_decimal_comma_is_found_early_with_its_option(self) -> None:
        """I1, I22: 200,000 rows were rejected one after the other."""
        said = rejection("a;b\n" + "5,1;3,5\n" * 200_000, A, B, form=TableForm(delimiter=";"))

        assert said == (
            "line 2: expected numbers such as 1234.5 in column 'a', got \"5,1\", and similar values in 1,000 of the "
            "first 1,000 rows; --decimal , reads them, --decimal . rejects them"
        )

    def test_decimal_commas_are_read_with_the_option_and_written_unchanged(self) -> None:
        form = TableForm(delimiter=";", dialect=CsvDialect(decimal=",", thousands="."))

        found = copied("a;b\n5,1;1.234,5\n-0,5e3;7\n", A, B, form=form, answer=0.25)

        assert found.rows == [(5.1, 1234.5), (-500.0, 7.0)]
        assert found.out == "a;b;prediction\n5,1;1.234,5;0,25\n-0,5e3;7;0,25\n"

    def test_a_point_is_no_decimal_comma(self) -> None:
        found = copied("a;b\n5,1;1.5\n", A, B, form=TableForm(delimiter=";", dialect=CsvDialect(decimal=",")))

        assert [one.reason for one in found.rejects] == ['expected a number with "," before its fraction, got "1.5"']

    @pytest.mark.parametrize(
        ("cell", "thousands"),
        [('"1,234.5"', ","), ("1 234.5", " "), ("1\u202f234.5", " "), ("1'234.5", "'"), ('"12,34,567"', ",")],
    )
    def test_groups_of_digits_are_read(self, cell: str, thousands: str) -> None:
        form = TableForm(dialect=CsvDialect(thousands=thousands))

        found = copied(f"a,b\n{cell},1\n", A, B, form=form)

        assert found.rows[0][0] in (1234.5, 1234567.0)
        assert found.out.splitlines()[1] == f"{cell},1,1"

    def test_a_malformed_digit_group_is_a_reject(self) -> None:
        found = copied(
            'a,b\n"1,2",1\n"1,23",1\n"1,2345",1\n7,1\n', A, B, form=TableForm(dialect=CsvDialect(thousands=","))
        )

        assert found.rejected == [(2, "a"), (3, "a"), (4, "a")]

    def test_both_readings_of_one_form_are_named(self) -> None:
        assert "--thousands , or --decimal , reads them" in rejection('a,b\n"1,234",1\n"2,345",2\n', A, B)

    def test_decimal_points_that_are_insisted_on_make_rejects(self) -> None:
        found = copied("a;b\n5,1;3\n", A, B, form=TableForm(delimiter=";", dialect=CsvDialect(decimal=".")))

        assert found.rejected == [(2, "a")]

    def test_decimal_commas_become_numbers_in_other_formats(self) -> None:
        form = TableForm(delimiter=";", dialect=CsvDialect(decimal=","))

        assert copied("a;b\n5,1; 3 \n", A, B, form=form, out="out.jsonl").out == '{"a":5.1,"b":3,"prediction":1}\n'


class TestHeaders:
    def test_a_header_of_another_delimiter_names_the_option(self) -> None:
        assert rejection("a;b\n1;2\n", A, B) == "expected a column 'a', got a;b; --delimiter ';' finds it"
        assert rejection("a\tb\n1\t2\n", A, B).endswith("--delimiter tab finds it")

    def test_blanks_around_numbers_and_names_are_none_of_them(self) -> None:
        found = copied("a , b\n 1, 2.5 \n", A, B)

        assert found.rows == [(1.0, 2.5)]
        assert found.out == "a,b,prediction\n 1, 2.5 ,1\n"

    def test_blanks_around_texts_are_trimmed_on_request(self) -> None:
        data = 'a, sex\n1, male\n2, "fe, male" \n'

        assert copied(data, A, SEX, form=TableForm(dialect=CsvDialect(trim=True))).rows == [
            (1.0, "male"),
            (2.0, "fe, male"),
        ]
        assert copied("a, sex\n1, male\n", A, SEX).rows == [(1.0, " male")]

    def test_quotes_behind_blanks_name_the_option(self) -> None:
        assert rejection('a, sex\n1, "male"\n', A, SEX).endswith("--trim removes them")

    def test_a_column_twice_that_is_no_feature_is_kept_twice(self) -> None:
        assert copied("a,x,x,b\n1,p,q,2\n", A, B).out == "a,x,x.1,b,prediction\n1,p,q,2,1\n"

    def test_a_repeated_feature_column_is_rejected(self) -> None:
        assert rejection("a,b,a\n1,2,3\n", A, B) == "expected each column once, got 'a' twice"

    def test_names_that_pandas_made_are_found(self) -> None:
        found = copied(",a,a\n7,1,2\n", Feature("Unnamed: 0"), A, Feature("a.1"))

        assert found.rows == [(7.0, 1.0, 2.0)]

    def test_an_index_without_a_name_is_kept(self) -> None:
        text = pd.DataFrame({"a": [1.5, 2.5], "b": [3, 4]}).to_csv()

        found = copied(text, A, B)

        assert found.rows == [(1.5, 3.0), (2.5, 4.0)]
        assert found.out == ",a,b,prediction\n0,1.5,3,1\n1,2.5,4,1\n"

    @pytest.mark.parametrize(
        ("data", "first"),
        [
            ('"a" "b"\n"1" 1 2\n"2" 3 4\n', "1"),
            ('"a" "b"\n"Mazda RX4" 1 2\n"Datsun 710" 3 4\n', "Mazda RX4"),
            ("a b\n1 1 2\n2 3 4\n3 5 6\n", "1"),
            ("a b\nMazda 1 2\nDatsun 3 4\nFiat 5 6\n", "Mazda"),
        ],
    )
    def test_row_names_without_a_header_are_a_column(self, data: str, first: str) -> None:
        found = copied(data, A, B, form=TableForm(delimiter=" "))

        assert found.rows[:2] == [(1.0, 2.0), (3.0, 4.0)]
        assert rows_of(found, " ")[1] == [first, "1", "2", "1"]

    def test_a_trailing_delimiter_is_an_unnamed_column(self) -> None:
        assert copied("a,b\n1,2,\n3,4,\n", A, B).rows == [(1.0, 2.0), (3.0, 4.0)]

    def test_a_surplus_cell_that_names_no_row_is_rejected(self) -> None:
        assert copied("a,b\n5,1,3\n6,2,4\n", A, B).rejected == [(2, ""), (3, "")]


class TestLinesThatAreNoRows:
    def test_lines_before_the_header_are_passed_over_and_counted(self) -> None:
        form = TableForm(dialect=CsvDialect(skip_rows=2))

        assert copied('Report "Q1\n\na,b\n1,2\nx,4\n', A, B, form=form).rejected == [(5, "a")]

    def test_comments_are_passed_over_and_counted(self) -> None:
        form = TableForm(dialect=CsvDialect(comment="#"))

        found = copied('# don\'t "\na,t,b\n# an open " quote\n1,"x\n# text\ny",2\n#\nx,#,4\n', A, B, form=form)

        assert (found.rows, found.rejected) == ([(1.0, 2.0)], [(8, "a")])
        assert found.out == 'a,t,b,prediction\n1,"x\n# text\ny",2,1\n'

    @pytest.mark.parametrize("line", ["sep=;\r\n", "sep=;\n", '"sep=;"\r\n', "SEP=;\n"])
    def test_the_first_line_of_excel_names_the_delimiter(self, line: str) -> None:
        assert copied(f"{line}a;b\n1;2\n", A, B).rows == [(1.0, 2.0)]

    def test_a_file_of_an_old_mac_is_read(self) -> None:
        found = copied("a,b\r1,2\rx,4\r", A, B)

        assert (found.rows, found.rejected) == ([(1.0, 2.0)], [(3, "a")])


class TestDelimiters:
    def test_the_output_name_decides_over_the_delimiter_of_the_inputs(self) -> None:
        """I14: a file x.tsv had semicolons."""
        form = TableForm(delimiter=";")

        assert copied("a;b\n1;2\n", A, B, out="x.tsv", form=form).out == "a\tb\tprediction\n1\t2\t1\n"
        assert copied("a;b\n1;2\n", A, B, form=form).out == "a;b;prediction\n1;2;1\n"

    def test_rows_of_another_delimiter_than_the_header_name_the_option(self) -> None:
        assert "--delimiter ';' reads them" in rejection("a,b\n" + "1;2\n" * 20, A, B)

    def test_a_run_whose_rows_never_fit_the_header_ends_early(self) -> None:
        said = rejection("a,b\n" + "5,1,7,2\n" * 20, A, B)

        assert said == "line 2: expected rows of 2 cells, as the header has, got 4 in each of the first 20"


def test_lines_are_right_however_small_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "BLOCK_BYTES", 64)
    monkeypatch.setattr(csv_blocks, "GATHERED_ROWS", 3)
    rows = [f'{n},"x\r\n{n}",{n}' if n % 3 else f"{n},y,bad" for n in range(1, 60)]

    found = copied("a,t,b\r\n" + "\r\n".join(rows) + "\r\n", A, B)

    assert found.rejected == [(n + 1 + (n - 1) - (n - 1) // 3, "b") for n in range(3, 60, 3)]
