"""Form doubts: whether a user's own model answers the same instances differently in another form."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from foreseen.adapters.predictor.scikit_learn.inputs.input_plan import InputPlan
from foreseen.adapters.predictor.scikit_learn.trial.dtype_options import ROWS
from foreseen.adapters.predictor.scikit_learn.trial.trial_calls import Call, made_up
from foreseen.adapters.predictor.scikit_learn.trial.trial_failures import form_in_words
from foreseen.domain.errors import ForeseenError
from foreseen.domain.model.model_input import Takes
from foreseen.domain.values.batch import Batch


def form_doubts(plan: InputPlan, forms: Sequence[Takes], call: Call) -> Iterator[str]:
    """Yield a doubt if the model answers other forms as well, but differently: it is unknown which one is right.

    Args:
        plan: the plan to serve the model by.
        forms: those that may be right, the most plausible first.
    """
    if forms[0] not in ("array", "texts"):  # a frame is first if names are known, a tensor if it is declared
        return
    for rows in (ROWS, 1):  # there are models that answer one instance at a time
        batch = made_up(plan.signature, rows + (1 < plan.width == rows))
        if (answers := _answers(plan, batch, call)) is None:
            continue
        others = (replace(plan, takes=takes) for takes in forms if takes != plan.takes and _is_at_hand(takes))
        answered = {other.takes: _answers(other, batch, call) for other in others}
        differing = [takes for takes, found in answered.items() if found not in (None, answers)]
        if differing and _answers(plan, batch, call) == answers:  # otherwise its answers vary anyway
            yield _doubt(plan.takes, differing)
        return


def _is_at_hand(takes: Takes) -> bool:
    """Return whether a form needs no import: pandas takes most of a second, and models that use it imported it."""
    return takes != "frame" or "pandas" in sys.modules


def _answers(plan: InputPlan, batch: Batch, call: Call) -> list[object] | None:
    """Return the answers as clients read them; None if the call failed."""
    try:
        return [json.loads(body) for body in call(plan, batch)]
    except ForeseenError:
        return None


def _doubt(taken: Takes, differing: Sequence[Takes]) -> str:
    others = " and ".join(form_in_words(takes) for takes in differing)
    declared = " or ".join(f'takes = "{takes}"' for takes in (taken, *differing))
    return (
        f"the model answers differently when it is given {others}, and nothing says which of them is right; "
        f"it is given {form_in_words(taken)}; declare it in the sidecar: {declared}"
    )
