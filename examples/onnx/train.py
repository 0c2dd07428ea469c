"""Train a logistic regression on iris and save it as model.onnx; it takes skl2onnx (`pip install skl2onnx`)."""

from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent


def main() -> None:
    iris = load_iris()
    rows = iris.data.astype(np.float32)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, iris.target_names[iris.target])
    path = HERE / "model.onnx"
    path.write_bytes(to_onnx(model, rows[:1]).SerializeToString())
    print(f"trained {path} on {len(rows)} flowers")


if __name__ == "__main__":
    main()
