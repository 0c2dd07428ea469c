"""MLServer: the Open Inference Protocol around scikit-learn, with its cache of responses and its batches."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.forms import OPEN_INFERENCE
from harness.optional.contender import Contender, environment_of, missing_environment
from harness.processes import answering, free_port

# By default its cache is off, for the server and for each model, and has a hundred entries. One process serves, and one
# has the model.
SERVER = {"debug": False, "host": "127.0.0.1", "cache_enabled": True, "cache_size": 100_000, "parallel_workers": 1}
MODEL = {
    "name": "model",
    "implementation": "mlserver_sklearn.SKLearnModel",
    "cache_enabled": True,
    "max_batch_size": 64,
    "max_batch_time": 0.001,
}


def mlserver(model: Path) -> Contender:
    """Return it, from its own environment."""
    return Contender("MLServer", missing_environment("MLServer"), lambda: _serve(model))


@contextmanager
def _serve(model: Path) -> Iterator[str]:
    with TemporaryDirectory() as folder:
        ports = {name: free_port() for name in ("http_port", "grpc_port", "metrics_port")}
        # It puts measurements of its own into a folder, by default into the one that it is started in.
        server = SERVER | ports | {"metrics_dir": folder}
        Path(folder, "settings.json").write_text(json.dumps(server))
        shutil.copy(model, Path(folder, "model.joblib"))
        settings = MODEL | {"parameters": {"uri": f"{folder}/model.joblib"}}
        Path(folder, "model-settings.json").write_text(json.dumps(settings))
        command = [str(environment_of("mlserver") / "bin" / "mlserver"), "start", folder]
        root = f"http://127.0.0.1:{ports['http_port']}"
        with answering(command, f"{root}/v2/models/model/ready"):
            yield root + OPEN_INFERENCE.path
