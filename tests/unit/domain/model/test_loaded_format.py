"""What operators read of the format of a model: whose code ran, in a sentence."""

import pytest

from foreseen.domain.model.loaded_format import NO_FILE, LoadedFormat


@pytest.mark.parametrize(
    ("found", "sentence", "notice"),
    [
        (NO_FILE, "", ""),
        (LoadedFormat("skops"), "skops, which runs no code of its file when it is loaded", ""),
        (
            LoadedFormat("pickle", runs_code=True),
            "pickle, which runs the code of its file when it is loaded",
            "loading it ran the code of its file (pickle)",
        ),
        (
            LoadedFormat("weights", runs_code=True, code_file="net.py"),
            "weights, which runs the code of net.py when it is loaded",
            "loading it ran the code of net.py (weights)",
        ),
    ],
)
def test_a_format_says_whose_code_ran(found: LoadedFormat, sentence: str, notice: str) -> None:
    assert (str(found), found.notice) == (sentence, notice)
