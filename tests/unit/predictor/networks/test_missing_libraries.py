"""Files of networks where their library is not installed: one line names the extra, and nothing of the file is read."""

import sys
import zipfile
from pathlib import Path

import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.errors import ModelUnavailableError


def archive(folder: Path, *members: str) -> Path:
    """Write an archive with files of these names."""
    path = folder / "model.bin"
    with zipfile.ZipFile(path, "w") as written:
        for member in members:
            written.writestr(member, b"")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    ("members", "extra", "what"),
    [
        (("net/models/model.json", "net/archive_format"), "torch", "models of torch.export"),
        (("serialized_exported_program.json", "version"), "torch", "models of torch.export"),
        (
            ("net/data.pkl", "net/constants.pkl", "net/version"),
            "torch",
            "models of TorchScript",
        ),
        (("config.json", "metadata.json", "model.weights.h5"), "keras", "its models"),
    ],
)
def test_the_extra_of_a_format_is_named(
    members: tuple[str, ...], extra: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path, *members)
    monkeypatch.setitem(sys.modules, extra, None)
    monkeypatch.setenv("KERAS_BACKEND", "torch")

    with pytest.raises(ModelUnavailableError) as error:
        load_predictor(path)

    expected = f"{path}: expected {extra}, which reads {what}; try: pip install 'foreseen[{extra}]'"
    assert str(error.value) == expected


@pytest.mark.parametrize("members", [("net/data.pkl", "net/version"), ("net/data.pkl", "net/version", "net/data/0")])
def test_weights_alone_are_named_without_pytorch(members: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"got a file that torch.save wrote.*try: .*torch\.export\.save"):
        load_predictor(archive(tmp_path, *members))
