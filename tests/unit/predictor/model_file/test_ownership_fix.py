"""The advice beside a file that others may change works: after the printed command it is accepted."""

import os
import re
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from foreseen.adapters.predictor.model_file.model_file import require_private
from foreseen.domain.errors import ModelUnavailableError

OTHER = os.geteuid() + 54321
ANY = 0xFFFFFFFF
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


def let_write(place: Path, *, default: bool = False) -> None:
    """Let another user write by a POSIX access control list."""
    entries = [(0x01, 7, ANY), (0x02, 7, OTHER), (0x04, 5, ANY), (0x10, 7, ANY), (0x20, 5, ANY)]
    content = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    try:
        os.setxattr(place, f"system.posix_acl_{'default' if default else 'access'}", content)
    except (AttributeError, OSError) as exc:
        pytest.skip(f"no access control lists here: {exc}")


def give_away(place: Path) -> None:
    os.chown(place, OTHER, -1, follow_symlinks=False)


def open_to_all(*places: Path) -> None:
    for place in places:
        place.chmod(0o777)


def open_and_give_away(*places: Path) -> None:
    open_to_all(*places)
    for place in places:
        give_away(place)


def link_of(folder: Path) -> Path:
    return folder / "links" / "link.joblib"


Fault = Callable[[Path, Path], None]

FAULTS: dict[str, Fault] = {
    "the file's mode": lambda file, _: file.chmod(0o666),
    "the mode of its folder": lambda _, folder: folder.chmod(0o777),
    "the mode of an outer folder": lambda _, folder: folder.parent.chmod(0o777),
    "the folder of a link to it": lambda _, folder: link_of(folder).parent.chmod(0o777),
    "the list of the file": lambda file, _: let_write(file),
    "the list of its folder": lambda _, folder: let_write(folder),
    "the list of the folder of a link": lambda _, folder: let_write(link_of(folder).parent),
    "several at once": lambda file, folder: open_to_all(file, folder, link_of(folder).parent),
}
GIVEN_AWAY: dict[str, Fault] = {
    "the file's owner": lambda file, _: give_away(file),
    "the owner of its folder": lambda _, folder: give_away(folder),
    "the owner of a link": lambda _, folder: give_away(link_of(folder)),
    "owners and modes": open_and_give_away,
}
CASES = [
    *(pytest.param(fault, id=name) for name, fault in FAULTS.items()),
    *(pytest.param(fault, id=name, marks=needs_root) for name, fault in GIVEN_AWAY.items()),
]


@pytest.mark.parametrize("fault", CASES)
def test_the_printed_command_makes_the_file_acceptable(tmp_path: Path, fault: Fault) -> None:
    folder = tmp_path / "it's $HOME" / "my models"
    link_of(folder).parent.mkdir(parents=True)
    file = folder / "the model;1.joblib"
    file.write_bytes(b"content")
    file.chmod(0o644)
    link_of(folder).symlink_to(file)
    require_private(link_of(folder), "model file")
    fault(file, folder)

    with pytest.raises(ModelUnavailableError) as caught:
        require_private(link_of(folder), "model file", otherwise=", or pin the file with --model-sha256")
    command = re.search(r"try: (.*?)(, or move [^,]*)?, or pin the file", str(caught.value))
    assert command is not None
    subprocess.run(["sh", "-ec", command[1]], check=True, env={**os.environ, "HOME": "/nowhere"})

    require_private(link_of(folder), "model file")


def test_the_command_for_a_relative_name_is_no_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("-rf model.pkl")
    file.write_bytes(b"content")
    file.chmod(0o666)

    with pytest.raises(ModelUnavailableError, match=r"chmod go-w '\./-rf model\.pkl'"):
        require_private(file, "model file")


def test_a_default_list_applies_to_new_files_only(tmp_path: Path) -> None:
    file = tmp_path / "model.joblib"
    file.write_bytes(b"content")
    file.chmod(0o600)
    let_write(tmp_path, default=True)
    require_private(file, "model file")

    (tmp_path / "new").write_bytes(b"content")
    with pytest.raises(ModelUnavailableError, match=f"user {OTHER}, by its access control list, may too"):
        require_private(tmp_path / "new", "model file")
