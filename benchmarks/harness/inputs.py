"""The flowers that are asked for."""

import json
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

Flower = dict[str, float]

NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
KNOWN = 256
"""Flowers that are asked for again and again."""


def known_flowers() -> list[Flower]:
    """Give flowers that differ, all of them as long to read."""
    measures = [(round(4 + n % 32 / 10, 1), round(2 + n // 32 / 10, 1), 1.4, 0.2) for n in range(KNOWN)]
    return [dict(zip(NAMES, values, strict=True)) for values in measures]


def as_json(value: object) -> str:
    """Write JSON as a client does that wastes no space."""
    return json.dumps(value, separators=(",", ":"))


def written(folder: Path, flowers: Sequence[Flower]) -> dict[str, Path]:
    """Write flowers for wrk to send, one a line: bodies for POST, queries for GET."""
    lines = {"POST": [as_json(flower) for flower in flowers], "GET": [urlencode(flower) for flower in flowers]}
    return {method: written_lines(folder / f"{method}.txt", texts) for method, texts in lines.items()}


def written_lines(path: Path, lines: Sequence[str]) -> Path:
    """Write what wrk is to send, a request a line."""
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
