"""Train a small model of scikit-learn in this environment, and save it: python iris_model.py FILE."""

import sys

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

if __name__ == "__main__":
    data, target = load_iris(return_X_y=True)
    joblib.dump(LogisticRegression(max_iter=1000).fit(data, target), sys.argv[1])
