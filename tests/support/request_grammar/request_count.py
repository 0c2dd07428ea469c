"""How many requests are drawn."""

import os
from typing import Final

DRAWN: Final = int(os.environ.get("FORESEEN_TEST_REQUESTS", "25"))
"""Of each kind, for each model; `make grammar` for many more."""
