"""Train a random forest on iris and save it as model.joblib, with a sidecar that holds an example."""

from pathlib import Path

import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

HERE = Path(__file__).parent
COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def main() -> None:
    data, target = load_iris(return_X_y=True, as_frame=True)
    data.columns = COLUMNS
    model = RandomForestClassifier(n_estimators=100, random_state=0).fit(data, target)
    joblib.dump(model, HERE / "model.joblib")
    print(f"trained {HERE / 'model.joblib'} on {len(data)} flowers")


if __name__ == "__main__":
    main()
