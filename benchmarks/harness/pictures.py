"""Pictures of what an answer costs, drawn from the tables of docs/benchmarks.md, so that both show the same figures."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from harness.published import tables_of
from harness.report import Table
from harness.rounds import Spread

WIDTH, ROW, TOP, BOTTOM = 760, 30, 64, 62
LEFT, RIGHT = 200, 560
"""The axis begins and ends here; names are left of it, figures right of it."""

# A ground of its own: what shows a picture seldom tells it whether its page is light or dark.
STYLE = """\
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .head { font-size: 15px; font-weight: 600 }
  .small, .none { fill: #59636e; font-size: 12px }
  .ours { font-weight: 600 }
  .ground { fill: #ffffff; stroke: #d1d9e0 }
  .tick { stroke: #d1d9e0 }
  .mark { stroke: #59636e; stroke-width: 2; fill: #59636e }
  .mark.ours { stroke: #0969da; fill: #0969da }
  .mark.hollow { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .small, .none { fill: #9198a1 }
    .ground { fill: #0d1117; stroke: #3d444d }
    .tick { stroke: #3d444d }
    .mark { stroke: #9198a1; fill: #9198a1 }
    .mark.ours { stroke: #4493f8; fill: #4493f8 }
    .mark.hollow { fill: #0d1117 }
  }
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """What to draw: of which table, and how its contenders are called.

    Attributes:
        name: of the file, without its ending.
        part, table: where the figures are on the page.
        contenders: words for each contender; those that the table lacks are shown as not measured.
    """

    name: str
    title: str
    part: str
    table: str
    contenders: Mapping[str, str]


PICTURES = (
    Picture(
        "hit",
        "What a hit costs",
        "bench_hits",
        "Hits by POST",
        {
            "nginx": "nginx, return 200",
            "foreseen": "foreseen",
            "granian": "granian, bare ASGI",
            "bare": "uvicorn, bare ASGI",
            "MLServer": "MLServer, its cache",
            "naive": "FastAPI and Redis",
        },
    ),
    Picture(
        "miss",
        "What a miss of a forest of 100 trees costs",
        "bench_misses",
        "New inputs, RandomForest(100), by POST",
        {
            "bare": "uvicorn, no model",
            "foreseen": "foreseen",
            "LitServe": "LitServe, batches",
            "MLServer": "MLServer, batches",
            "naive": "FastAPI and predict",
        },
    ),
)

Costs = Mapping[str, Mapping[str, Spread]]
"""Microseconds an answer, by contender and number of connections."""


def drawn(picture: Picture, page: str) -> str:
    """Return a picture as SVG, of the figures on the page."""
    costs = costs_of(tables_of(page, picture.part).get(picture.table))
    names = sorted(picture.contenders, key=lambda name: _place(costs.get(name)))
    axis = _Axis.over([spread for name in names for spread in costs.get(name, {}).values()])
    height = TOP + ROW * len(names) + BOTTOM
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"',
        '  role="img" aria-labelledby="title description">',
        f'<title id="title">{escape(picture.title)}</title>',
        f'<desc id="description">{escape(_description(picture, costs, names))}</desc>',
        f"<style>\n{STYLE}</style>",
        f'<rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="6"/>',
        f'<text class="head" x="16" y="28">{escape(picture.title)}</text>',
        '<text class="small" x="16" y="46">time per answer of one worker, with 16 and with 64 connections</text>',
        *axis.ticks(height - BOTTOM),
    ]
    for number, name in enumerate(names):
        lines += _row(picture, name, costs.get(name, {}), axis, TOP + ROW * number + ROW / 2)
    lines += [*_legend(height - 16), "</svg>"]
    return "\n".join(lines) + "\n"


def costs_of(table: Table | None) -> Costs:
    """Return what an answer of each contender costs one worker that has nothing else to do."""
    costs: dict[str, dict[str, Spread]] = {}
    for name, connections, per_s, *_ in table.rows if table else ():
        most, *spread = (1e6 / float(number.replace(",", "")) for number in re.findall(r"[\d,]+", per_s))
        costs.setdefault(name, {})[connections] = Spread(most, min(spread), max(spread))
    return costs


@dataclass(frozen=True, slots=True)
class _Axis:
    """A logarithmic axis from one power of ten to another."""

    least: int
    most: int

    @classmethod
    def over(cls, spreads: Sequence[Spread]) -> "_Axis":
        values = [value for spread in spreads for value in (spread.least, spread.most)] or [1.0, 10.0]
        return cls(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))))

    def x(self, us: float) -> float:
        share = (math.log10(us) - self.least) / (self.most - self.least)
        return round(LEFT + share * (RIGHT - LEFT), 1)

    def ticks(self, bottom: float) -> Iterator[str]:
        for power in range(self.least, self.most + 1):
            x = self.x(10**power)
            yield f'<line class="tick" x1="{x}" x2="{x}" y1="{TOP}" y2="{bottom}"/>'
            words = f"{10**power:,} µs" if power < 3 else f"{10 ** (power - 3):,} ms"
            yield f'<text class="small" x="{x}" y="{bottom + 16}" text-anchor="middle">{words}</text>'


def _row(picture: Picture, name: str, costs: Mapping[str, Spread], axis: _Axis, y: float) -> Iterator[str]:
    ours = " ours" if name == "foreseen" else ""
    words = escape(picture.contenders[name])
    yield f'<text class="name{ours}" x="{LEFT - 14}" y="{y + 4}" text-anchor="end">{words}</text>'
    for number, spread in enumerate(costs.values()):
        middle, hollow = y + (-5 if number == 0 else 5), " hollow" if number else ""
        ends = f'x1="{axis.x(spread.least)}" x2="{axis.x(spread.most)}" y1="{middle}" y2="{middle}"'
        yield f'<line class="mark{ours}" {ends}/>'
        yield f'<circle class="mark{ours}{hollow}" cx="{axis.x(spread.median)}" cy="{middle}" r="4"/>'
    figures = " · ".join(_duration(spread.median) for spread in costs.values())
    kind, figures = ("figure" + ours, figures) if costs else ("none", "not measured")
    yield f'<text class="{kind}" x="{RIGHT + 18}" y="{y + 4}">{figures}</text>'


def _legend(y: float) -> Iterator[str]:
    parts = ((LEFT, "", "16 connections"), (LEFT + 120, " hollow", "64 connections"))
    for x, hollow, words in parts:
        yield f'<circle class="mark{hollow}" cx="{x}" cy="{y - 4}" r="4"/>'
        yield f'<text class="small" x="{x + 10}" y="{y}">{words}</text>'
    yield f'<text class="small" x="{LEFT + 240}" y="{y}">lines: least to most of the rounds; logarithmic</text>'


def _description(picture: Picture, costs: Costs, names: Sequence[str]) -> str:
    return "; ".join(
        f"{picture.contenders[name]}: "
        + (
            ", ".join(f"{_duration(spread.median)} with {number} connections" for number, spread in costs[name].items())
            if name in costs
            else "not measured"
        )
        for name in names
    )


def _place(costs: Mapping[str, Spread] | None) -> float:
    return max(spread.median for spread in costs.values()) if costs else math.inf


def _duration(us: float) -> str:
    value, unit = (us, "µs") if us < 1000 else (us / 1000, "ms")
    return f"{value:.1f} {unit}" if value < 100 else f"{value:.0f} {unit}"
