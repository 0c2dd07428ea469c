"""The commands of a README, and whether what they print is what it shows."""

import re
from dataclasses import dataclass
from pathlib import Path

ELLIPSIS = "…"


@dataclass(frozen=True)
class Shown:
    """One command of a README, and the output it shows."""

    command: str
    output: str


def console_commands(readme: Path) -> list[Shown]:
    """Return the commands of all console blocks, in order."""
    blocks = re.findall(r"^```console\n(.*?)^```$", readme.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [shown for block in blocks for shown in _commands(block)]


def _commands(block: str) -> list[Shown]:
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    return [Shown(part.split("\n", 1)[0], part.split("\n", 1)[1]) for part in parts]


def agrees(shown: str, printed: str) -> bool:
    """Return whether an output is the one shown, where … matches anything; spaces at line ends do not count."""
    pattern = ".*".join(re.escape(part) for part in _plain(shown).split(ELLIPSIS))
    return re.fullmatch(pattern, _plain(printed), re.DOTALL) is not None


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
