"""An environment that holds what a wheel declares and nothing else, made of what is installed here.

A tenth of what pip takes, and as strict: what the wheel needs and does not declare is not there.
"""

import venv
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement


def environment_of(wheel: Path, folder: Path) -> Path:
    """Create an environment with a wheel and all that it requires, directly or not; return its interpreter."""
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    with ZipFile(wheel) as archive:
        archive.extractall(packages)
    (unpacked,) = distributions(path=[str(packages)])
    for required in _required(unpacked):
        _link(required, packages)
    return folder / "bin" / "python"


def _required(root: Distribution) -> list[Distribution]:
    found: dict[tuple[str, frozenset[str]], Distribution] = {}
    left = [(root, frozenset[str]())]
    while left:
        each, extras = left.pop()
        for text in each.requires or ():
            requirement = Requirement(text)
            known = (requirement.name.lower(), frozenset(requirement.extras))
            is_meant = requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras)
            )
            if is_meant and known not in found:
                found[known] = distribution(requirement.name)
                left.append((found[known], known[1]))
    return list(found.values())


def _link(installed: Distribution, packages: Path) -> None:
    """Link the files of a distribution, or the folders that hold them, where they are not linked yet."""
    for name in {file.parts[0] for file in installed.files or () if file.parts[0] != ".."}:
        place = packages / name
        if not place.exists():
            place.symlink_to(Path(str(installed.locate_file(name))).resolve())
