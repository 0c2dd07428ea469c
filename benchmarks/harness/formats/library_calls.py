"""What a library's own call of one row takes: `python -m harness.formats.library_calls KIND MODEL BODIES`.

A process of its own, as a script that calls the model would be. It prints the answers to some instances, and then, for
each line that it reads with a number of seconds, the load that so many seconds of calls make: rows for requests.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Call = Callable[[Row], object]

SPECIES = ("setosa", "versicolor", "virginica")


def joblib_pickle(path: Path) -> Call:
    import joblib

    return _of_frame(joblib.load(path))


def skops_file(path: Path) -> Call:
    import skops.io

    return _of_frame(skops.io.load(path))


def mlflow_folder(path: Path) -> Call:
    import mlflow.sklearn

    return _of_frame(mlflow.sklearn.load_model(str(path)))


def lightgbm_text(path: Path) -> Call:
    import lightgbm
    import numpy as np

    booster = lightgbm.Booster(model_file=path)
    return lambda row: str(np.asarray(booster.predict(np.array([list(row.values())]))).argmax())


def xgboost_ubj(path: Path) -> Call:
    import xgboost

    model = xgboost.XGBClassifier()
    model.load_model(path)
    call = _of_frame(model)
    return lambda row: SPECIES[int(str(call(row)))]


def catboost_cbm(path: Path) -> Call:
    from catboost import CatBoostClassifier

    model = CatBoostClassifier()
    model.load_model(str(path))
    return lambda row: str(model.predict(list(row.values()))[0])


def onnx_graph(path: Path) -> Call:
    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path))
    given, label = session.get_inputs()[0].name, session.get_outputs()[0].name
    return lambda row: str(session.run([label], {given: np.array([list(row.values())], np.float32)})[0][0])


def torch_program(path: Path) -> Call:
    import torch

    return _of_tensor(torch.export.load(path).module())


def torch_script(path: Path) -> Call:
    import torch

    return _of_tensor(torch.jit.load(path))


def torch_weights(path: Path) -> Call:
    sys.path.insert(0, str(path.parent))
    import torch
    from net import Flowers  # type: ignore[import-not-found]

    network = Flowers()
    network.load_state_dict(torch.load(path, weights_only=True))
    return _of_tensor(network.eval())


def keras_model(path: Path) -> Call:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    return _of_tensor(keras.saving.load_model(path))


def saved_model(path: Path) -> Call:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    call = loaded.signatures["serving_default"]
    (answer,) = call.structured_outputs
    return lambda row: call(flower=tf.constant([list(row.values())], tf.float32))[answer].numpy().tolist()[0]


def own_code(path: Path) -> Call:
    sys.path.insert(0, str(path.parent))
    import delivery  # type: ignore[import-not-found]

    model = delivery.load()
    return lambda row: model.predict([row])[0]


def _of_frame(model: Any) -> Call:
    """Return the call of a model that was fitted to a table with names."""
    import pandas as pd

    return lambda row: str(model.predict(pd.DataFrame([row]))[0])


def _of_tensor(model: Any) -> Call:
    """Return the call of a network with one input."""
    import torch

    def call(row: Row) -> object:
        with torch.inference_mode():
            answer: object = model(torch.tensor([list(row.values())])).tolist()[0]
        return answer

    return call


KINDS = {
    "model.joblib": joblib_pickle,
    "model.skops": skops_file,
    "flowers": mlflow_folder,
    "model.txt": lightgbm_text,
    "model.ubj": xgboost_ubj,
    "model.cbm": catboost_cbm,
    "model.onnx": onnx_graph,
    "model.pt2": torch_program,
    "model.pt": torch_script,
    "weights.pt": torch_weights,
    "model.keras": keras_model,
    "model": saved_model,
    "delivery.py": own_code,
}
"""By the name of the model."""


def main(kind: str, path: Path, bodies: str) -> None:
    call = KINDS[kind](path)
    rows: list[Row] = [json.loads(body) for body in json.loads(bodies)]
    print(json.dumps([call(row) for row in rows]), flush=True)
    for line in sys.stdin:
        print(json.dumps(called(call, rows, float(line))), flush=True)


def called(call: Call, rows: list[Row], seconds: float) -> dict[str, float]:
    """Call with one row after another for a while."""
    took: list[float] = []
    again = cycle(rows)
    end = time.perf_counter() + seconds
    while not took or time.perf_counter() < end:
        row = next(again)
        start = time.perf_counter()
        call(row)
        took.append(time.perf_counter() - start)
    took.sort()
    p50, p99 = (took[int(len(took) * share)] * 1e6 for share in (0.5, 0.99))
    return {"requests": len(took), "per_s": len(took) / sum(took), "p50_us": p50, "p99_us": p99}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
