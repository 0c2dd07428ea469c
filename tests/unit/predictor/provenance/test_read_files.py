"""Files that a model's own code reads: their bytes are part of the fingerprint, as the sidecar lists them."""

from pathlib import Path

import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.provenance.read_files import ReadFiles
from foreseen.domain.errors import ModelUnavailableError
from support.models import save
from support.own_models import Flowers


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model.toml").write_text('[fingerprint]\nfiles = ["weights.bin", "vocab/*.txt"]\n')
    (tmp_path / "weights.bin").write_bytes(b"1")
    (tmp_path / "vocab" / "old.txt").mkdir(parents=True)  # a folder, which holds no bytes
    (tmp_path / "vocab" / "en.txt").write_text("one")
    return save(Flowers(), tmp_path)


def _fingerprint(model: Path) -> bytes:
    return load_predictor(model, rows_per_call=0).info.fingerprint


@pytest.mark.parametrize("name", ["weights.bin", "vocab/en.txt", "vocab/no.txt"])
def test_a_listed_file_with_other_bytes_is_another_model(model: Path, name: str) -> None:
    before = _fingerprint(model)
    (model.parent / name).write_text("2")

    assert _fingerprint(model) != before


def test_two_files_that_swap_their_bytes_are_another_model(model: Path) -> None:
    (model.parent / "vocab" / "no.txt").write_text("two")
    before = _fingerprint(model)
    (model.parent / "vocab" / "en.txt").rename(model.parent / "aside")
    (model.parent / "vocab" / "no.txt").rename(model.parent / "vocab" / "en.txt")
    (model.parent / "aside").rename(model.parent / "vocab" / "no.txt")

    assert _fingerprint(model) != before


def test_a_file_that_is_not_listed_changes_nothing(model: Path) -> None:
    before = _fingerprint(model)
    (model.parent / "vocab" / "notes.md").write_text("2")

    assert _fingerprint(model) == before


def test_the_same_files_in_another_folder_are_the_same_model(
    model: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = _fingerprint(model)

    assert _fingerprint(Path(model.parent.rename(tmp_path_factory.mktemp("other") / "place")) / model.name) == before


@pytest.mark.parametrize("pattern", ["gone.bin", "gone/*.txt", "vocab"])
def test_a_pattern_without_a_file_is_rejected(model: Path, pattern: str) -> None:
    model.with_suffix(".toml").write_text(f"[fingerprint]\nfiles = [{pattern!r}]\n")

    with pytest.raises(
        ModelUnavailableError, match=r"model.toml: fingerprint.files: expected .* got no such file"
    ) as caught:
        _fingerprint(model)

    assert repr(pattern) in str(caught.value)


@pytest.mark.parametrize("pattern", ["/etc/hostname", ""])
def test_a_path_that_is_not_relative_is_rejected(model: Path, pattern: str) -> None:
    model.with_suffix(".toml").write_text(f"[fingerprint]\nfiles = [{pattern!r}]\n")

    with pytest.raises(ModelUnavailableError, match=f"relative to the sidecar, got {pattern!r}"):
        _fingerprint(model)


def test_a_file_that_changes_while_the_model_loads_is_rejected(model: Path) -> None:
    files = ReadFiles.listed(model.with_suffix(".toml"), ["weights.bin"])
    (model.parent / "weights.bin").write_bytes(b"other")

    with pytest.raises(ModelUnavailableError, match=r"expected weights.bin not to change while the model loads"):
        files.digests()


def test_a_file_that_others_may_write_to_is_rejected(model: Path) -> None:
    (model.parent / "weights.bin").chmod(0o666)

    with pytest.raises(ModelUnavailableError, match=r"weights.bin: expected a listed file that only you may write to"):
        _fingerprint(model)


def test_a_file_that_goes_while_the_model_loads_is_rejected(model: Path) -> None:
    files = ReadFiles.listed(model.with_suffix(".toml"), ["weights.bin"])
    (model.parent / "weights.bin").unlink()

    with pytest.raises(ModelUnavailableError, match=r"expected a readable file weights.bin: No such file"):
        files.digests()


def test_listed_files_count_also_where_features_are_named(model: Path) -> None:
    def named() -> bytes:
        return load_predictor(model, features=["a", "b", "c", "d"], rows_per_call=0).info.fingerprint

    before = named()
    (model.parent / "weights.bin").write_bytes(b"2")

    assert named() != before
