"""A copy of the project as it would be cloned, so that a test writes nothing into the project itself."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


CODE = ("src", "tests", "typings")
"""Folders whose new files belong to a copy before they are added to git."""


def clone_to(folder: Path) -> Path:
    """Copy what git tracks and new code, links as links, times kept.

    New files elsewhere are left out: they may be what the README's own commands wrote, which do not overwrite it.
    """
    for name in (*_listed("--cached"), *_listed("--others", "--exclude-standard", "--", *CODE)):
        if (ROOT / name).is_symlink() or (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    return folder


def _listed(*options: str) -> list[str]:
    command = ["git", "ls-files", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.splitlines()
