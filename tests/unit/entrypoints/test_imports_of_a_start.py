"""What the command and the service import: a start waits for it."""

import json
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

COMMAND = "foreseen.entrypoints.cli.command_line"
SERVICE = f"{COMMAND}, foreseen.entrypoints.http.start_serving, foreseen.entrypoints.cli.process.command_log"
OF_MODELS = {"sklearn", "scipy", "pandas", "pyarrow", "joblib", "treelite", "numpy.random"}
"""What the model's process imports meanwhile."""


@pytest.mark.parametrize(
    ("modules", "unused"),
    [(COMMAND, OF_MODELS | {"numpy", "redis", "fastapi", "rich", "asyncio"}), (SERVICE, OF_MODELS)],
)
def test_a_start_imports_only_what_it_uses(modules: str, unused: set[str]) -> None:
    imported = imports(modules)
    libraries = imported & packages_distributions().keys() - unused - {"foreseen"}
    # Some versions of a library import what others do not; that is not ours to avoid.
    theirs = imports(", ".join(sorted(name for name in libraries if not name.startswith("_"))))

    assert unused & (imported - theirs) == set()


def imports(modules: str) -> set[str]:
    """Return the names of all modules that are imported with some, in a new process."""
    code = f"import json, sys, {modules}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))
