"""Train a logistic regression on iris and save it with skops, whose files run no code when they are loaded."""

from pathlib import Path

import skops.io
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def main() -> None:
    data, target = load_iris(return_X_y=True, as_frame=True)
    data.columns = COLUMNS
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(data, target)
    skops.io.dump(model, HERE / "model.skops")
    print(f"trained {HERE / 'model.skops'} on {len(data)} flowers")


if __name__ == "__main__":
    main()
