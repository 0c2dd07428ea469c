"""In the kernel of a real notebook, whose event loop runs: what a data scientist types, cell by cell."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from support.models import iris_frame
from support.time_limits import PATIENCE_S

CELLS = [
    "import asyncio, pandas as pd, foreseen\nassert asyncio.get_running_loop().is_running()",
    "model = foreseen.load({model!r}, cache='lru')\nmodel",
    "frame = pd.read_csv({table!r})\nmodel.predict(frame.head(3)).tolist()",
    "await asyncio.to_thread(model.predict, frame.head(2))\nlen(foreseen.score(frame, {model!r}, progress='plain'))",
    "model.predict([dict(sepal_length=1)])",
]


def test_a_notebook_predicts_scores_and_shows_errors_in_one_line(iris_model: Path, tmp_path: Path) -> None:
    frame, _ = iris_frame()
    frame.to_csv(tmp_path / "in.csv", index=False)
    cells = [cell.format(model=str(iris_model), table=str(tmp_path / "in.csv")) for cell in CELLS]
    made: Any = nbformat.v4  # without types
    notebook = made.new_notebook(cells=[made.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python", "language": "python"}

    with pytest.raises(CellExecutionError):
        NotebookClient(notebook, timeout=PATIENCE_S, startup_timeout=PATIENCE_S, kernel_name="python3").execute()

    shown = [[output for output in cell.outputs if output.output_type == "execute_result"] for cell in notebook.cells]
    texts = [outputs[0].data["text/plain"] if outputs else "" for outputs in shown]
    assert texts[1].startswith("<foreseen.Model model, fingerprint ")
    assert texts[2:4] == ["['0', '0', '0']", "150"]
    error = notebook.cells[4].outputs[-1]
    assert error.ename == "RejectedRowsError"
    assert error.evalue.startswith("instances: row 0, column 'sepal_width': expected a number, got ")
