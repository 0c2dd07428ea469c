"""Files of this machine may be named by URLs."""

import pytest

from foreseen.domain.tables.file_urls import local_path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("file:///data/a.csv", "/data/a.csv"),
        ("file:///data/a%20b.csv", "/data/a b.csv"),
        ("file://localhost/data/a.csv", "/data/a.csv"),
        ("file://a.csv", "a.csv"),
        ("file:///data/what?#1.csv", "/data/what?#1.csv"),
        ("file:/data/a%20b.csv", "/data/a b.csv"),
        ("FILE://LOCALHOST/data/a.csv", "/data/a.csv"),
        ("file://parts/a%20b.csv", "parts/a b.csv"),
        ("file://[1]/a.csv", "[1]/a.csv"),
        ("file:///data/%FF.csv", "/data/\udcff.csv"),
        ("file:a%20b.csv", "file:a%20b.csv"),
        ("/data/a%20b.csv", "/data/a%20b.csv"),
        ("s3://bucket/a.csv", "s3://bucket/a.csv"),
    ],
)
def test_a_file_url_is_its_path_and_other_names_stay(name: str, path: str) -> None:
    assert local_path(name) == path
