"""The guard of event loops fails tests that misuse them, each for its own reason, and no others."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.processes import environment
from support.time_limits import COMMAND_S

ROOT = Path(__file__).parents[2]
MISUSES = "tests/support/event_loop_misuse.py"

BAD = {
    "that_computes": r"our code held the event loop for \d+ ms: src/made_up.py:\d+ compute",
    "that_sleeps": r"our code held the event loop for \d+ ms: src/made_up.py:\d+ wait",
    "that_is_called_back": r"our code held the event loop for \d+ ms: src/made_up.py:\d+ call",
    "on_a_loop_of_its_own": r"our code held the event loop for \d+ ms: src/made_up.py:\d+ compute",
    "that_leaves_a_task": r"a task was left over: <Task pending .*Event.wait",
    "that_leaves_a_task_on_its_own_loop": r"a task was left over: <Task pending .*Event.wait",
    "that_awaits_no_coroutine": "coroutine 'sleep' was never awaited",
    "that_hears_no_exception": r"Task exception was never retrieved: .*ValueError\('unheard'\)",
}
GOOD = (
    "that_gives_way",
    "that_holds_the_loop_itself",
    "that_calls_a_plain_function_of_ours",
    "whose_garbage_is_collected",
    "that_another_try_refutes",
    "whose_task_ends_by_itself",
    "beside_a_busy_machine",
)


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """What pytest says of each misuse, run as `make test` runs the others."""
    line = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-rap",
        "--tb=short",
        MISUSES,
    ]
    done = subprocess.run(
        line, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=COMMAND_S, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    parts = re.split(r"^_+ (?:ERROR at \w+ of )?test_(\w+) _+$", done.stdout, flags=re.MULTILINE)
    found = dict.fromkeys(re.findall(r"^PASSED .*::test_(\w+)$", done.stdout, flags=re.MULTILINE), "")
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        found[name] = found.get(name, "") + text.partition("short test summary")[0]
    return found


@pytest.mark.parametrize("name", BAD)
def test_a_test_fails_that(said: dict[str, str], name: str) -> None:
    assert re.search(BAD[name], said[f"bad_{name}"])


@pytest.mark.parametrize("name", GOOD)
def test_a_test_passes(said: dict[str, str], name: str) -> None:
    assert said[f"good_{name}"] == ""
