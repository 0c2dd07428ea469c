"""Write one of the model files beside this, in an environment of the scikit-learn that it is to be of."""

import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

COLUMN = np.linspace(0, 1, 20).reshape(-1, 1)
LABELS = (COLUMN[:, 0] > 0.5).astype(int)
FRAME = pd.DataFrame({"colour": ["red", "blue"] * 10, "weight": COLUMN[:, 0]})
ENCODED = ColumnTransformer([("c", OneHotEncoder(handle_unknown="ignore"), ["colour"])], remainder="passthrough")

MODELS = {
    "forest": lambda: RandomForestClassifier(1, max_depth=1, random_state=0).fit(COLUMN, LABELS),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=1, max_depth=1, random_state=0).fit(COLUMN, LABELS),
    "columns": lambda: make_pipeline(ENCODED, LogisticRegression()).fit(FRAME, LABELS),
    "imputer": lambda: make_pipeline(SimpleImputer(), LogisticRegression()).fit(COLUMN, LABELS),
}

if __name__ == "__main__":
    name = sys.argv[1]
    joblib.dump(MODELS[name](), Path(__file__).parent / f"{name}-{sklearn.__version__}.joblib", compress=9)
