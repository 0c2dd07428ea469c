"""A model whose own code raises while it is looked at is rejected in one line that names its file."""

from pathlib import Path
from typing import Any

import pytest

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.errors import ModelUnavailableError
from support.models import save


class Jobs:
    """Its number of jobs cannot be set."""

    @property
    def n_jobs(self) -> int:
        return 2

    @n_jobs.setter
    def n_jobs(self, jobs: int) -> None:
        raise ValueError("no other number")

    def predict(self, rows: Any) -> Any:
        return [0] * len(rows)


class Classes:
    """Its classes cannot be read."""

    @property
    def classes_(self) -> Any:
        raise RuntimeError("not\nyet")

    def predict(self, rows: Any) -> Any:
        return [0] * len(rows)


class Attributes:
    """Whatever it is not made of raises what no attribute does."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise KeyError(name)

    def predict(self, rows: Any) -> Any:
        return [0] * len(rows)


@pytest.mark.parametrize(("model", "said"), [(Jobs(), "no other number"), (Classes(), "not yet"), (Attributes(), "")])
def test_a_model_that_resists_inspection_is_rejected_in_one_line(model: Any, said: str, tmp_path: Path) -> None:
    path = save(model, tmp_path)

    with pytest.raises(ModelUnavailableError) as caught:
        load_predictor(path, features=["a"])

    assert str(caught.value).startswith(f"{path}: expected a model that can be loaded: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
