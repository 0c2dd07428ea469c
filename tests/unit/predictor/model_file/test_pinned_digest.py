"""A model is pinned by its SHA-256, given as such or by a file that is read at each load."""

from hashlib import sha256
from pathlib import Path

import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.model_file.pinned_digest import pinned_digest
from foreseen.domain.errors import ModelUnavailableError
from support.models import iris_forest, save

MODEL = Path("models/iris.joblib")
DIGEST, OTHER = "ab" * 32, "cd" * 32


def _pin(text: str, folder: Path) -> Path:
    path = folder / "model.sha256"
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_a_digest_may_be_in_either_case() -> None:
    assert pinned_digest(DIGEST.upper(), MODEL) == DIGEST


FILES = {
    "digest alone": f"{DIGEST}\n",
    "of sha256sum": f"{DIGEST}  iris.joblib\n",
    "of sha256sum --binary": f"{DIGEST} *iris.joblib\n",
    "of another folder": f"{DIGEST}  /build/out/iris.joblib\n",
    "of another name": f"{DIGEST.upper()}  iris-2024-05.joblib",
    "of several files": f"{OTHER}  wine.joblib\n{DIGEST}  iris.joblib\n",
    "of odd characters": f"\\{DIGEST}  a\\nb\n",
    "with empty lines": f"\n{DIGEST}\n\n",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_may_be_the_output_of_sha256sum(name: str, tmp_path: Path) -> None:
    assert pinned_digest(str(_pin(FILES[name], tmp_path)), MODEL) == DIGEST


@pytest.mark.parametrize(
    "text",
    ["", "abc\n", f"{DIGEST}0\n", f"{OTHER}  a.joblib\n{DIGEST}  b.joblib\n", f"{OTHER}\n{DIGEST}\n"],
    ids=["nothing", "too short", "too long", "several of other names", "several without names"],
)
def test_a_digest_file_needs_one_digest_of_the_model(text: str, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"expected one line of 64 hexadecimal digits for iris\.joblib"):
        pinned_digest(str(_pin(text, tmp_path)), MODEL)


def test_a_missing_digest_file_is_named_with_the_alternatives(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="the model's SHA-256, or a file that holds it, got no such file"):
        pinned_digest(str(tmp_path / "away"), MODEL)


def test_bytes_that_are_no_text_are_rejected(tmp_path: Path) -> None:
    path = _pin("", tmp_path)
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(ModelUnavailableError, match="expected a readable file with the model's SHA-256"):
        pinned_digest(str(path), MODEL)


def test_a_file_that_others_may_write_pins_nothing(tmp_path: Path) -> None:
    path = _pin(DIGEST, tmp_path)
    path.chmod(0o666)

    with pytest.raises(ModelUnavailableError, match=r"file with the model's SHA-256 that only you may write to.*chmod"):
        pinned_digest(str(path), MODEL)


def test_a_new_model_loads_once_its_digest_is_renewed(tmp_path: Path) -> None:
    path = save(iris_forest(2), tmp_path)
    pin = _pin(sha256(path.read_bytes()).hexdigest(), tmp_path)
    first = load_predictor(path, sha256=str(pin))

    save(iris_forest(3), tmp_path)
    with pytest.raises(ModelUnavailableError, match="expected SHA-256"):
        load_predictor(path, sha256=str(pin))

    _pin(sha256(path.read_bytes()).hexdigest(), tmp_path)
    assert load_predictor(path, sha256=str(pin)).info.fingerprint != first.info.fingerprint
