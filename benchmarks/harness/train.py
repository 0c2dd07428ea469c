"""Train one of the models that are served, and save it: `python -m harness.train NAME PATH`.

A process of its own, so that a benchmark that only sends load does not carry scikit-learn.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from harness.slow import Looping, Multiplying, Sleeping

MODELS: dict[str, Callable[[], Any]] = {
    "forest": lambda: RandomForestClassifier(n_estimators=100, random_state=0).fit(*load_iris(return_X_y=True)),
    "logistic": lambda: LogisticRegression(max_iter=1000).fit(*load_iris(return_X_y=True)),
    "boosted": lambda: HistGradientBoostingClassifier(max_iter=100, random_state=0).fit(*load_iris(return_X_y=True)),
    "lightgbm": lambda: _lightgbm().fit(*load_iris(return_X_y=True)),
    "sleeping": Sleeping,
    "multiplying": Multiplying,
    "looping": Looping,
}


def _lightgbm() -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=100, random_state=0, verbose=-1)


def main(name: str, path: Path) -> None:
    """Save it where only its owner may write: Foreseen rejects others."""
    joblib.dump(MODELS[name](), path)
    path.chmod(0o600)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
