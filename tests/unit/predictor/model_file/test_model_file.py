"""A model file is read only where no other user could have written it, and only if it is the one that was pinned."""

import grp
import os
import pickle
import pwd
import struct
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.model_file.model_file import open_model_file
from foreseen.adapters.predictor.model_file.ownership import access_to_file, user_name
from foreseen.adapters.predictor.sidecar.sidecar import read_sidecar
from foreseen.domain.errors import ModelUnavailableError
from support.models import iris_forest, save


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that only its owner may write."""
    path = tmp_path / "model.joblib"
    path.write_bytes(b"content")
    path.chmod(0o600)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The folder of the file, its mode as before when the test is over."""
    yield tmp_path
    tmp_path.chmod(0o700)


def _content(path: Path, **options: Any) -> bytes:
    with open_model_file(path, **options) as opened:
        return opened.content.read()


def _rejection(path: Path, **options: Any) -> str:
    with pytest.raises(ModelUnavailableError) as caught:
        _content(path, **options)
    said = str(caught.value)
    assert said.startswith(f"{path}: expected ")
    assert "\n" not in said
    return said


def test_a_private_file_is_read(file: Path) -> None:
    assert _content(file) == b"content"


def test_a_file_is_known_by_all_of_its_blocks(file: Path) -> None:
    content = bytes(range(256)) * 10_000
    file.write_bytes(content)
    with open_model_file(file) as one:
        assert one.content.read() == content
    file.write_bytes(content[:-1] + b"!")
    with open_model_file(file) as other:
        assert len({one.digest, other.digest}) == 2


@pytest.mark.parametrize("place", [0, 1_500_000, 2_559_998], ids=["start", "middle", "end"])
def test_a_file_overwritten_while_it_is_loaded_is_rejected(file: Path, place: int) -> None:
    content = bytes(range(256)) * 10_000
    file.write_bytes(content)

    with open_model_file(file) as opened:
        with file.open("r+b") as writing:
            writing.seek(place)
            writing.write(b"!!")
        with pytest.raises(ModelUnavailableError, match="does not change while it is loaded"):
            opened.content.read()


def test_a_file_truncated_while_it_is_loaded_is_rejected(file: Path) -> None:
    with open_model_file(file) as opened:
        file.write_bytes(b"cont")
        with pytest.raises(ModelUnavailableError, match="does not change while it is loaded"):
            opened.content.read()


def test_a_file_replaced_during_its_load_is_loaded_unchanged(file: Path, tmp_path: Path) -> None:
    with open_model_file(file) as opened:
        (tmp_path / "new").write_bytes(b"another")
        (tmp_path / "new").replace(file)

        assert opened.content.read() == b"content"


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    assert "no such file" in _rejection(tmp_path / "away.joblib")


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    assert "got a directory" in _rejection(tmp_path)


def test_a_named_pipe_is_rejected_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.joblib")

    assert "other than a regular file" in _rejection(tmp_path / "model.joblib")


def test_a_pipe_is_no_model() -> None:
    reading, writing = os.pipe()
    try:
        assert "other than a regular file" in _rejection(Path(f"/dev/fd/{reading}"))
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("mode", [0o602, 0o666, 0o777])
def test_a_world_writable_file_is_rejected_with_advice(file: Path, mode: int) -> None:
    file.chmod(mode)

    said = _rejection(file)

    assert "every user may" in said
    assert f"chmod go-w {file}" in said


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o444])
def test_a_file_that_others_may_only_read_is_taken(file: Path, mode: int) -> None:
    file.chmod(mode)

    assert _content(file) == b"content"


@pytest.mark.parametrize("mode", [0o703, 0o777])
def test_a_file_in_a_world_writable_folder_is_rejected(file: Path, folder: Path, mode: int) -> None:
    folder.chmod(mode)

    said = _rejection(file)

    assert f"every user may too, by way of {folder}" in said
    assert f"chmod go-w {folder}" in said


def test_a_folder_with_a_sticky_bit_is_accepted(file: Path, folder: Path) -> None:
    folder.chmod(0o1777)

    assert _content(file) == b"content"


def test_a_link_counts_both_folders_its_own_and_the_files(file: Path, folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = elsewhere / "link.joblib"
    link.symlink_to(file)
    assert _content(link) == b"content"

    elsewhere.chmod(0o777)
    assert f"chmod go-w {elsewhere}" in _rejection(link)

    elsewhere.chmod(0o755)
    folder.chmod(0o777)
    assert f"chmod go-w {folder}" in _rejection(link)


def test_a_linked_folder_on_the_way_counts(file: Path, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "real").mkdir()
    file.rename(tmp_path / "real" / "model.joblib")
    (tmp_path / "open" / "current").symlink_to("../real")
    path = tmp_path / "open" / "current" / "model.joblib"
    assert _content(path) == b"content"

    (tmp_path / "open").chmod(0o777)

    assert f"chmod go-w {tmp_path / 'open'}" in _rejection(path)


def test_an_outer_folder_that_others_may_write_is_rejected(folder: Path) -> None:
    inner = folder / "models" / "iris"
    inner.mkdir(parents=True)
    path = inner / "model.joblib"
    path.write_bytes(b"content")
    folder.chmod(0o777)

    assert f"every user may too, by way of {folder}" in _rejection(path)


def test_a_folder_on_a_read_only_mount_is_accepted(file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.chmod(0o777)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))

    assert _content(file) == b"content"


OTHER = os.geteuid() + 54321
GROUP = 42424


def _who(mode: int, *, owner: int, group: int = GROUP) -> str:
    """Return who else may write to a file of this mode, owner and group."""
    status: Any = SimpleNamespace(st_mode=0o100000 | mode, st_uid=owner, st_gid=group)
    found = access_to_file(Path("/no/such/file"), status)
    return found.who if found else ""


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[str]]:
    """A group's members as /etc/group names them, and those who have it as their primary one; to be filled in."""
    named: list[str] = []
    primary: list[str] = []
    monkeypatch.setattr(grp, "getgrgid", lambda _: SimpleNamespace(gr_mem=named))
    monkeypatch.setattr(pwd, "getpwall", lambda: [SimpleNamespace(pw_name=name, pw_gid=GROUP) for name in primary])
    return named, primary


def test_another_user_who_owns_the_file_is_named() -> None:
    assert _who(0o644, owner=OTHER) == f"its owner, user {OTHER},"


@pytest.mark.parametrize("owner", [0, os.geteuid()])
def test_root_and_oneself_are_no_others(owner: int) -> None:
    assert _who(0o644, owner=owner) == ""


@pytest.mark.parametrize("place", [0, 1], ids=["named", "primary"])
def test_another_member_of_the_group_is_named(group: tuple[list[str], list[str]], place: int) -> None:
    group[place].append("eve")

    assert _who(0o664, owner=os.geteuid()) == "eve, of its group,"
    assert _who(0o644, owner=os.geteuid()) == ""


def test_a_group_of_ones_own_is_oneself(group: tuple[list[str], list[str]]) -> None:
    group[0].append("root")
    group[1].append(user_name(os.geteuid()))

    assert _who(0o664, owner=os.geteuid()) == ""


def test_a_group_without_a_name_has_no_members() -> None:
    assert _who(0o664, owner=os.geteuid(), group=2**31 - 7) == ""


NOBODY_IN_PARTICULAR = 0xFFFFFFFF


def _access_list(*entries: tuple[int, int, int]) -> bytes:
    """Return a POSIX access control list as Linux keeps it: tag, permissions, number of a user or group."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in sorted(entries))


def _with_list(monkeypatch: pytest.MonkeyPatch, *entries: tuple[int, int, int]) -> None:
    monkeypatch.setattr(os, "getxattr", lambda *_: _access_list(*entries), raising=False)


def test_a_user_of_an_access_control_list_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _with_list(monkeypatch, (0x01, 6, NOBODY_IN_PARTICULAR), (0x02, 6, OTHER), (0x10, 6, NOBODY_IN_PARTICULAR))

    assert _who(0o664, owner=os.geteuid()) == f"user {OTHER}, by its access control list,"


def test_a_group_of_an_access_control_list_is_named(
    monkeypatch: pytest.MonkeyPatch, group: tuple[list[str], list[str]]
) -> None:
    group[0].append("eve")
    _with_list(monkeypatch, (0x04, 4, NOBODY_IN_PARTICULAR), (0x08, 6, GROUP), (0x10, 6, NOBODY_IN_PARTICULAR))

    assert _who(0o664, owner=os.geteuid(), group=1) == "eve, of a group in its access control list,"


def test_a_group_limited_to_reading_does_not_count(
    monkeypatch: pytest.MonkeyPatch, group: tuple[list[str], list[str]]
) -> None:
    group[0].append("eve")
    _with_list(monkeypatch, (0x04, 4, NOBODY_IN_PARTICULAR), (0x02, 4, OTHER), (0x10, 6, NOBODY_IN_PARTICULAR))

    assert _who(0o664, owner=os.geteuid()) == ""


def test_a_list_masked_by_the_mode_permits_no_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    _with_list(monkeypatch, (0x02, 6, OTHER), (0x10, 4, NOBODY_IN_PARTICULAR))

    assert _who(0o644, owner=os.geteuid()) == ""


def test_the_access_control_list_of_a_real_file_is_read(file: Path) -> None:
    entries = [(0x01, 6, NOBODY_IN_PARTICULAR), (0x02, 6, OTHER), (0x04, 4, NOBODY_IN_PARTICULAR)]
    entries += [(0x10, 6, NOBODY_IN_PARTICULAR), (0x20, 4, NOBODY_IN_PARTICULAR)]
    try:
        os.setxattr(file, "system.posix_acl_access", _access_list(*entries))
    except (AttributeError, OSError) as exc:
        pytest.skip(f"no access control lists here: {exc}")

    assert f"user {OTHER}, by its access control list, may too; try: chmod go-w {file}" in _rejection(file)

    file.chmod(0o604)
    assert _content(file) == b"content"


def test_a_file_of_another_user_has_to_change_its_owner(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: OTHER)
    if not os.getuid():
        os.chown(file, OTHER + 1, -1)

    said = _rejection(file)

    assert f"chown {OTHER} {file} (as root), or pin the file with --model-sha256" in said
    assert "chmod" not in said


def test_root_changes_the_owner_of_a_file_itself(file: Path) -> None:
    if os.getuid():
        pytest.skip("only root may give files away")
    os.chown(file, OTHER, -1)

    assert f"chown root {file}, or pin the file" in _rejection(file)


def test_a_folder_of_another_user_is_rejected_for_its_owner(file: Path, folder: Path) -> None:
    if os.getuid():
        pytest.skip("only root may give folders away")
    os.chown(folder, OTHER, -1)

    assert f"its owner, user {OTHER}, may too, by way of {folder}; try: chown root {folder}, or move" in _rejection(
        file
    )


def test_a_link_owned_by_another_user_is_rejected(file: Path, folder: Path) -> None:
    if os.getuid():
        pytest.skip("only root may give links away")
    link = folder / "link.joblib"
    link.symlink_to(file)
    os.chown(link, OTHER, -1, follow_symlinks=False)
    folder.chmod(0o1777)

    assert f"try: chown -h root {link}" in _rejection(link)


def test_a_sidecar_that_others_may_write_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "model.toml"
    path.write_text('[[features]]\nname = "age"\n')
    path.chmod(0o666)

    with pytest.raises(ModelUnavailableError, match=r"expected a sidecar that only you may write to.*chmod go-w"):
        read_sidecar(path)


def test_the_pinned_file_is_taken(file: Path) -> None:
    digest = sha256(b"content").hexdigest()

    assert _content(file, pinned_sha256=digest) == b"content"


def test_a_file_of_another_digest_is_rejected_with_both_digests(file: Path) -> None:
    said = _rejection(file, pinned_sha256="a" * 64)

    assert "a" * 64 in said
    assert sha256(b"content").hexdigest() in said


class Marking:
    """Its loading leaves a file behind."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return (Path.touch, (self.marker,))


def test_no_byte_of_a_file_of_another_digest_is_unpickled(tmp_path: Path) -> None:
    marker, path = tmp_path / "marker", tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(Marking(marker)))
    path.chmod(0o600)

    with pytest.raises(ModelUnavailableError, match="nothing was loaded"):
        load_predictor(path, sha256="0" * 64)
    assert not marker.exists()

    with pytest.raises(ModelUnavailableError, match="predict"):  # the same file, when pinned, does run
        load_predictor(path, sha256=sha256(path.read_bytes()).hexdigest())
    assert marker.exists()


def test_a_pinned_model_loads(tmp_path: Path) -> None:
    path = save(iris_forest(), tmp_path)

    assert load_predictor(path, sha256=sha256(path.read_bytes()).hexdigest()).info.signature.kind == "classification"


def test_a_pinned_file_may_belong_to_any_user(file: Path) -> None:
    file.chmod(0o666)

    assert _content(file, pinned_sha256=sha256(file.read_bytes()).hexdigest()) == file.read_bytes()
    with pytest.raises(ModelUnavailableError, match="expected SHA-256"):
        _content(file, pinned_sha256="0" * 64)
