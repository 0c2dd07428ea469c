"""Output names: how settings call the outputs of a graph whose own names they may be unable to have."""

import re
from collections.abc import Set
from typing import Final

RESERVED_OUTPUTS: Final = frozenset({"predict", "predict_proba", "prediction", "probabilities"})
"""Names of methods, and of the members of an answer that they fill; `probabilities` is free where no method does."""


def setting_name(name: str, taken: Set[str]) -> str:
    """Return the name of an output that a setting may have: that of `/fc/Gemm:0` is `_fc_Gemm_0`.

    Args:
        taken: names that something else has; a number follows then, from 2 on.
    """
    chosen = plain = re.sub(r"^(?=\d)|[^A-Za-z0-9_]", "_", name)[:60]
    number = 1
    while chosen in taken:
        number += 1
        chosen = f"{plain}_{number}"
    return chosen
