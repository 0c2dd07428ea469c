"""What every client asks: three flowers, whose kinds the model knows. The clients' environments import it."""

import sys

NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
ROWS = ((5.1, 3.5, 1.4, 0.2), (6.1, 2.8, 4.7, 1.2), (6.3, 3.3, 6.0, 2.5))
KINDS = [0, 1, 2]
URL, MODEL = sys.argv[1:3] if len(sys.argv) > 2 else ("", "")
"""Where the server listens, and the name of its model, from the command line."""


def columns() -> dict[str, list[float]]:
    """Return the measurements by name."""
    return {name: [row[at] for row in ROWS] for at, name in enumerate(NAMES)}
