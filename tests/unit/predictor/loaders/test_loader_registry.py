"""A model file is loaded by the loader of its format, and messages name the formats that have one."""

from pathlib import Path

import pytest

from foreseen.adapters.predictor.formats.file_start import FileStart
from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.loaders import loader_registry
from foreseen.adapters.predictor.loaders.model_loader import LoadOptions
from foreseen.adapters.predictor.model_file.model_file import ModelFile
from foreseen.adapters.predictor.provenance.libraries import libraries
from foreseen.domain.errors import ModelUnavailableError
from foreseen.domain.ports import Predictor
from support.fakes import FakePredictor
from support.models import iris_forest, save


class WeightsLoader:
    """Loads files of a made-up format."""

    saved_by = ("weights",)
    takes_code = False

    def can_load(self, start: FileStart) -> bool:
        return start.head.startswith(b'{"weights"')

    def load(self, file: ModelFile, options: LoadOptions) -> Predictor:
        assert file.content.read(1) == b"{"
        return FakePredictor()


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file of the made-up format, which can be loaded meanwhile."""
    monkeypatch.setattr(loader_registry, "LOADERS", (WeightsLoader(), *loader_registry.LOADERS))
    path = tmp_path / "model.json"
    path.write_text('{"weights": [1, 2]}')
    path.chmod(0o600)
    return path


def test_a_loader_gets_the_files_it_accepts(weights: Path) -> None:
    assert isinstance(load_predictor(weights), FakePredictor)


def test_a_loader_of_another_format_ignores_pickles(weights: Path, tmp_path: Path) -> None:
    assert not isinstance(load_predictor(save(iris_forest(2), tmp_path)), FakePredictor)


def test_a_script_is_not_executed_for_a_format_that_refers_to_none(weights: Path, tmp_path: Path) -> None:
    script = tmp_path / "net.py"
    script.write_text("raise SystemExit")

    with pytest.raises(ModelUnavailableError, match=r"model\.json: expected no code .*, got .*net\.py$"):
        load_predictor(weights, code=script)


@pytest.mark.parametrize("content", [b'{"model": 1}', b"a text\n", b"\xff\xfe\xfd\xfc"])
def test_an_unknown_file_is_met_with_every_loadable_format(content: bytes, weights: Path) -> None:
    weights.write_bytes(content)

    with pytest.raises(ModelUnavailableError, match=r"saved by joblib, pickle\b.* or weights, got a "):
        load_predictor(weights)


def test_a_format_depends_on_its_own_libraries_only() -> None:
    assert set(libraries(["numpy"]).versions) == {"python", "numpy"}
