"""Train CatBoost on a table with a text column and save it; names and classes are in the file."""

from pathlib import Path

from catboost import CatBoostClassifier
from sklearn.datasets import load_iris

HERE = Path(__file__).parent


def main() -> None:
    data, target = load_iris(return_X_y=True, as_frame=True)
    flowers = data.set_axis(["sepal_length", "sepal_width", "petal_length", "petal_width"], axis=1)
    flowers["size"] = ["small" if length < 5.8 else "large" for length in flowers["sepal_length"]]
    species = [("setosa", "versicolor", "virginica")[number] for number in target]
    model = CatBoostClassifier(20, cat_features=["size"], random_seed=0, thread_count=1, allow_writing_files=False)
    model.fit(flowers, species, verbose=False).save_model(str(HERE / "model.cbm"))
    print(f"trained {HERE / 'model.cbm'} on {len(flowers)} flowers")


if __name__ == "__main__":
    main()
