"""Content types as clients declare them, and as nobody should."""

import pytest

from foreseen.entrypoints.http.protocols.content_types import is_csv, is_json


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        ";",
        ";;;",
        "; charset=utf-8",
        ";CHARSET=UTF8",
        '; charset="utf-8"',
        r'; charset="\utf-8"',
        "\t; charset = utf-8 ",
        "; format=pandas-split; charset=utf-8",
        '; note="; charset=latin-1"; charset=utf-8',
        '; note="a \\"; charset=latin-1"',
        "; header=present",
        "; format*=a; format*0=b",
        "; format*%s=a" % ("9" * 5000),
        "; =",
    ],
)
def test_utf_8_is_accepted_whatever_else_is_declared(parameters: str) -> None:
    assert is_json(f"application/json{parameters}")
    assert is_json(f"Application/Vnd.Mlflow+JSON{parameters}")
    assert is_csv(f"TEXT/CSV{parameters}")


@pytest.mark.parametrize(
    "parameters",
    [
        "; charset=latin-1",
        '; charset="utf-16"',
        "; charset=",
        "; charset",
        "; charset=\xff",
        "; charset=utf-8; charset=latin-1",
        "; charset=latin-1; charset=utf-8",
        "; charset*=a; charset*0=b",
        "; charset*0=utf; charset*1=-8",
        "; charset*%s=a" % ("9" * 5000),
        "; charset*=\0''x",
    ],
)
def test_another_charset_is_rejected_however_it_is_declared(parameters: str) -> None:
    assert not is_json(f"application/json{parameters}")
    assert not is_csv(f"text/csv{parameters}")


@pytest.mark.parametrize("given", ["", "json", "/json", "+json", "/+json", "application/json, text/csv", "a/b", "\0"])
def test_other_media_types_are_rejected(given: str) -> None:
    assert not is_json(given)
    assert not is_csv(given)
