"""Models that code makes: HTTP, a scored file and a call in Python get the same bits, whatever the model takes."""

import json
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

import foreseen
from support.command_in_process import run_here
from support.processes import WITHOUT_TLS, run, served, wait_until
from support.reloadable_service import reload

ROOT = Path(__file__).parents[2]
CODE = """
import numpy as np

WEIGHTS = np.array([0.1, 1 / 3])

class Frames:
    feature_names_in_ = ["a", "b"]

    def predict(self, frame):
        return frame["a"] * 0.1 + frame["b"] / 3

class Records:
    feature_names_in_ = ["a", "b"]

    def predict(self, rows):
        return [row["a"] * 0.1 + row["b"] / 3 for row in rows]

class Arrays:
    feature_names_in_ = ["a", "b"]

    def predict(self, rows):
        return rows[:, :2] @ WEIGHTS

class Texts:
    def predict(self, texts):
        return [sum(map(ord, text)) / 3 for text in texts]

def function(rows):
    return [0.1 * a + b / 3 for a, b in rows.tolist()]

function.feature_names_in_ = ["a", "b"]
"""
TEXTS = 'takes = "texts"\n[[features]]\nname = "text"\ndtype = "string"\n'
NUMBERS = [{"a": 0.1 * n, "b": 7.0 / (n + 1)} for n in range(40)]
FORMS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "Frames": ("a DataFrame", NUMBERS),
    "Records": ("a list of dicts", NUMBERS),
    "Arrays": ("an array", NUMBERS),
    "Texts": ("a list of texts", [{"text": "word " * n} for n in range(1, 41)]),
    "function": ("an array", NUMBERS),
}


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder with a module of models."""
    (tmp_path / "ownforms.py").write_text(CODE)
    return tmp_path


@pytest.mark.parametrize("name", FORMS)
def test_a_form_gets_the_same_bits_everywhere(name: str, code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    takes, rows = FORMS[name]
    model = f"ownforms:{name}"
    if name == "Texts":
        (code / "ownforms.toml").write_text(TEXTS)
    (code / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    with served(model, cwd=code) as running:
        one_by_one = [running.post({"instances": [row]}).json()["predictions"][0]["prediction"] for row in rows[:5]]
        together = [each["prediction"] for each in running.post({"instances": rows}).json()["predictions"]]
    scored = run_here("score", model, "rows.jsonl", "--output", "-", "--output-format", "jsonl", cwd=code)
    monkeypatch.chdir(code)
    with foreseen.load(model) as loaded:
        called = loaded.predict(rows)

    assert [json.loads(line)["prediction"] for line in scored.stdout.splitlines()] == together
    assert (list(called), one_by_one) == (together, together[:5])
    assert takes in run_here("inspect", model, cwd=code).stdout.decode()


def test_a_reload_serves_changed_code_in_every_process(code: Path) -> None:
    (code / "model.py").write_text("from ownforms import Frames as Model\n\ndef load():\n    return Model()\n")

    with served("model.py", "--workers", "2", cwd=code) as running:
        assert running.get("/predict", a=1, b=3).json() == {"prediction": 1.1}
        before = running.get("/model").json()["fingerprint"]
        (code / "ownforms.py").write_text(CODE.replace("* 0.1", "* 0.5"))

        assert running.process.poll() is None
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: sum("reloaded: fingerprint" in line for line in running.err) == 2)

        fresh = {httpx.get(f"{running.url}/predict?a=1&b=3", **WITHOUT_TLS).json()["prediction"] for _ in range(8)}
        assert fresh == {1.5}
        assert running.get("/model").json()["fingerprint"] != before


def test_broken_code_leaves_the_previous_model_serving(code: Path) -> None:
    with served("ownforms:Frames", cwd=code) as running:
        said = "model ownforms-Frames: loading it ran the code of its file (Python)"
        wait_until(lambda: sum(said in line for line in running.err) == 1)
        (code / "ownforms.py").write_text("class Frames\n")

        reply = reload(running)

        assert reply.status_code == 503
        assert "SyntaxError" in reply.text
        assert running.get("/predict", a=1, b=3).json() == {"prediction": 1.1}
        (code / "ownforms.py").write_text(CODE.replace("* 0.1", "* 0.5"))
        assert reload(running).json()["status"] == "reloaded"
        assert running.get("/predict", a=1, b=3).json() == {"prediction": 1.5}
        wait_until(lambda: sum(said in line for line in running.err) == 2)


@pytest.mark.parametrize("model", ["ownforms:Nothing", "ownnowhere:Model", "ownforms.py", "missing.py"])
def test_a_command_rejects_what_is_no_model_in_one_line(model: str, code: Path) -> None:
    done = (run if model == "ownforms:Nothing" else run_here)("inspect", model, cwd=code)

    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (1, b"")
    assert said.startswith(f"foreseen: {model}: expected ")
    assert said.count("\n") == 1


def test_what_was_found_is_written_beside_the_code(code: Path) -> None:
    done = run_here("inspect", "ownforms:Records", "--write-sidecar", cwd=code)

    assert done.returncode == 0
    assert done.stderr.decode() == f"{code / 'ownforms.toml'}: written; check what is marked GUESSED\n"
    assert 'takes = "dicts"' in (code / "ownforms.toml").read_text()
    assert run_here("inspect", "ownforms:Records", cwd=code).returncode == 0


@pytest.mark.parametrize("model", ["delivery:Delivery", "delivery.py", "delivery.py:Delivery"])
def test_the_example_answers_as_its_page_says(model: str) -> None:
    with served(model, cwd=ROOT / "examples" / "own_model") as running:
        assert running.get("/predict", distance=3.2, vehicle="bike").json() == {"prediction": 19.4}
        assert running.post({"instances": [{"distance": 3.2, "vehicle": "rocket"}]}).status_code == 422
