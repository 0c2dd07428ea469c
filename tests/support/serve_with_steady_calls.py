"""`python -m support.serve_with_steady_calls …` is `foreseen …` for which each call of the model takes a millisecond.

By the clock, a call takes as long as the machine does other things meanwhile.
"""

from functools import partial
from itertools import count

from foreseen.domain.flights.model_entries import ModelEntries
from foreseen.entrypoints.cli.command_line import main
from foreseen.wiring import use_cases

CALL_S = 0.001

_readings = count()


def _wired(*args: object, stopwatch: object, **more: object) -> ModelEntries:
    """Return what calls the model, whose stopwatch is read before each call and after it."""
    make = partial(ModelEntries, *args, **more)  # type: ignore[arg-type]
    return make(stopwatch=lambda: next(_readings) * CALL_S)


vars(use_cases).update(ModelEntries=_wired)

if __name__ == "__main__":
    main()
