"""A module of a model's own that ends the program when it is imported is named, and nothing else ends."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.adapters.predictor.subprocess.parent import ModelProcess
from foreseen.adapters.predictor.subprocess.process_predictor import ProcessPredictor
from foreseen.domain.errors import ModelUnavailableError
from support.command_in_process import run_here
from support.models import pickled_by_hand

ENDS = {
    "sys.exit": "import sys\nsys.exit('usage: train.py DATA')\n",
    "a parser of arguments": "import argparse\nargparse.ArgumentParser().parse_args(['--data'])\n",
    "KeyboardInterrupt": "raise KeyboardInterrupt\n",
}


@pytest.fixture(params=ENDS)
def model(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A model whose module imports one that ends the program."""
    (tmp_path / "ownmodel.py").write_text("import owntraining\n\n\nclass Model:\n    pass\n")
    (tmp_path / "owntraining.py").write_text(ENDS[request.param])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # so that no Ctrl-C raises what the module raises
    yield pickled_by_hand(tmp_path / "Model.joblib", "ownmodel")
    signal.signal(signal.SIGINT, before)


def test_a_module_that_exits_is_named_in_either_process(model: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"module 'owntraining'.* to be imported to its end") as here:
        load_predictor(model)
    with pytest.raises(ModelUnavailableError) as there:
        ProcessPredictor(ModelProcess({"path": model}))

    assert str(there.value) == str(here.value)


def test_the_command_reports_it_in_one_line(model: Path) -> None:
    done = run_here("inspect", model, cwd=model.parent)

    assert done.returncode == 1
    assert "owntraining" in done.stderr.decode().splitlines()[-1]
