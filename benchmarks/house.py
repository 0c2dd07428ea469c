"""Print the figures that the code is kept to, each beside its target: python benchmarks/house.py [ROOT]."""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

OLD_WORDS = ("told", "asked", "nobody", "stands", "anew")
OLD_VERBS = ("Give", "Take", "Tell", "Say")
# A word of its own or a part of a name: `told`, `_told` and `told_at`, but not `untold`.
OLD_WORD = re.compile(rf"(?<![A-Za-z])(?:{'|'.join(OLD_WORDS)})(?![A-Za-z])", re.IGNORECASE)
OLD_VERB = re.compile(rf"\s*(?:{'|'.join(OLD_VERBS)})\b")
ANY = re.compile(r"\bAny\b")
IGNORED_TYPE = re.compile(r"#\s*type:\s*ignore\b")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; a figure without a target has an empty one."""

    name: str
    value: int
    target: str = ""


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]
    print(table([*code_figures(root / "src"), *readme_figures(root)]))


def code_figures(src: Path) -> Iterator[Figure]:
    """Yield what is counted in the Python files below a folder."""
    files = sorted(src.rglob("*.py"))
    texts = [path.read_text() for path in files]
    named = [path for path in files if path.name != "__init__.py"]
    folders = Counter(path.parent for path in named)
    yield Figure("files in the fullest folder", max(folders.values(), default=0), "<= 14")
    twice = [name for name, times in Counter(path.name for path in named).items() if times > 1]
    yield Figure("file names that occur twice", len(twice), "0")
    yield Figure("lines with Any", lines_with(ANY, texts), "<= 80")
    yield Figure("lines with type: ignore", lines_with(IGNORED_TYPE, texts))
    openings = sum(1 for text in texts for docstring in docstrings(text) if OLD_VERB.match(docstring))
    yield Figure(f"docstrings that open with {', '.join(OLD_VERBS)}", openings, "0")
    words = sum(len(OLD_WORD.findall(text)) for text in texts)
    yield Figure(f"the words {', '.join(OLD_WORDS)}", words, "<= 40")


def readme_figures(root: Path) -> Iterator[Figure]:
    """Yield the lines of each README, but of those in hidden folders, such as a virtual environment's."""
    for path in sorted(root.rglob("README*.md")):
        place = path.relative_to(root)
        if not any(part.startswith(".") for part in place.parts):
            yield Figure(f"lines of {place.as_posix()}", len(path.read_text().splitlines()))


def lines_with(pattern: re.Pattern[str], texts: Sequence[str]) -> int:
    return sum(1 for text in texts for line in text.splitlines() if pattern.search(line))


def docstrings(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, DOCUMENTED) and (docstring := ast.get_docstring(node)):
            yield docstring


def table(figures: Sequence[Figure]) -> str:
    """Lay figures out in three columns: name, value, target."""
    width = max(len(figure.name) for figure in figures)
    rows = (f"{figure.name:<{width}}  {figure.value:>6}  {figure.target}".rstrip() for figure in figures)
    return "\n".join([f"{'figure':<{width}}  {'now':>6}  target", *rows])


if __name__ == "__main__":
    main()
