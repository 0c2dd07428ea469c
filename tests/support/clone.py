"""A copy of the project as it would be cloned, so that a test writes nothing into the project itself."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def clone_to(folder: Path) -> Path:
    """Copy what is committed or about to be, links as links, times kept."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_symlink() or (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    return folder
