"""The format of the log, before there is a log. It imports nothing slow, to be known early."""

import os
import sys
from itertools import zip_longest
from typing import Final

_FLAG: Final = "--log-format"
_VARIABLE: Final = "FORESEEN_LOG_FORMAT"


def json_is_chosen() -> bool:
    """Return whether the command line or the environment chooses JSON.

    The settings are not read, since they may be wrong; a TOML file is not considered.
    """
    chosen = os.environ.get(_VARIABLE, "")
    words = sys.argv[1:]
    for word, after in zip_longest(words, words[1:], fillvalue=""):
        if word == _FLAG:
            chosen = after
        elif word.startswith(f"{_FLAG}="):
            chosen = word.partition("=")[2]
    return chosen == "json"
