"""Train XGBoost on iris and save its trees as UBJSON; its sidecar names the classes, which the file does not."""

from pathlib import Path

import xgboost
from sklearn.datasets import load_iris

HERE = Path(__file__).parent
COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def main() -> None:
    data, target = load_iris(return_X_y=True, as_frame=True)
    data.columns = COLUMNS
    model = xgboost.XGBClassifier(n_estimators=20, random_state=0).fit(data, target)
    model.save_model(HERE / "model.ubj")
    print(f"trained {HERE / 'model.ubj'} on {len(data)} flowers")


if __name__ == "__main__":
    main()
