"""`python -m support.serve_with_calls_on_loop …` is `foreseen …` that tries calls on its loop early.

A service does after thousands of calls that cost little, and on a busy machine none may.
"""

import math

from foreseen.domain.flights import placed_calls

# Before what reads them is imported.
vars(placed_calls).update(BREAK_EVEN_CALLS=64, COSTLY_S=math.inf)

from foreseen.entrypoints.cli.command_line import main  # noqa: E402

if __name__ == "__main__":
    main()
