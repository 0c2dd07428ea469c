"""Train a random forest on 8 x 8 images of digits and save it as model.joblib; its sidecar holds an example."""

from pathlib import Path

import joblib
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier

HERE = Path(__file__).parent


def main() -> None:
    images, target = load_digits(return_X_y=True)
    model = RandomForestClassifier(n_estimators=100, random_state=0).fit(images, target)
    joblib.dump(model, HERE / "model.joblib")
    print(f"trained {HERE / 'model.joblib'} on {len(images)} images")


if __name__ == "__main__":
    main()
