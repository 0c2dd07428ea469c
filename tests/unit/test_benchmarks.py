"""Every benchmark describes itself, without load and without wrk, and the page shows each."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.time_limits import COMMAND_S

ROOT = Path(__file__).parents[2]
BENCHMARKS = sorted((ROOT / "benchmarks").glob("bench_*.py"))
PAGE = ROOT / "docs" / "benchmarks.md"


@pytest.mark.parametrize("script", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_describes_what_it_measures(script: Path) -> None:
    asked = subprocess.run(
        [sys.executable, script, "--help"], capture_output=True, text=True, timeout=COMMAND_S, check=True
    )

    assert "--rounds" in asked.stdout
    assert "?" in asked.stdout.split("options:")[0]


@pytest.mark.parametrize("script", BENCHMARKS, ids=lambda path: path.stem)
def test_the_page_shows_a_benchmark_with_its_command(script: Path) -> None:
    page = PAGE.read_text()

    assert f"<!-- {script.stem} -->" in page
    assert f".venv/bin/python benchmarks/{script.name}" in page


def test_the_page_shows_no_benchmark_that_is_gone() -> None:
    shown = [line for line in PAGE.read_text().splitlines() if line.startswith("<!-- bench_")]

    assert shown
    assert sorted(shown) == [f"<!-- {script.stem} -->" for script in BENCHMARKS]


def test_the_page_names_no_path_of_its_machine() -> None:
    page = PAGE.read_text()

    assert str(Path.home()) not in page
    assert "/tmp/" not in page
