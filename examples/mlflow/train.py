"""Train a model on iris and have MLflow save it, with its signature and an example: pip install mlflow-skinny skops."""

import shutil
import sys
from pathlib import Path

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def main() -> None:
    try:
        import mlflow.sklearn  # noqa: PLC0415 - to say what to install
        from mlflow.models import infer_signature  # noqa: PLC0415
    except ModuleNotFoundError as exc:
        sys.exit(f"expected {exc.name}, which saves the model; try: pip install mlflow-skinny skops")
    data = load_iris(as_frame=True)
    flowers = data.data.set_axis(COLUMNS, axis=1)
    species = data.target_names[data.target]
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(flowers, species)
    folder = HERE / "flowers"
    shutil.rmtree(folder, ignore_errors=True)
    signature = infer_signature(flowers, model.predict(flowers))
    mlflow.sklearn.save_model(
        model, folder, signature=signature, input_example=flowers.head(1), pip_requirements=["scikit-learn"]
    )
    print(f"trained {folder} on {len(flowers)} flowers")


if __name__ == "__main__":
    main()
