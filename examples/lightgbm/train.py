"""Train LightGBM on wines and save its trees as text; the names of its features are in the file."""

from pathlib import Path

import lightgbm
from sklearn.datasets import load_wine

HERE = Path(__file__).parent


def main() -> None:
    data, target = load_wine(return_X_y=True, as_frame=True)
    wines = lightgbm.Dataset(data[["alcohol", "malic_acid", "color_intensity"]], target)
    params = {"objective": "multiclass", "num_class": 3, "verbose": -1, "seed": 0}
    lightgbm.train(params, wines, num_boost_round=20).save_model(HERE / "model.txt")
    print(f"trained {HERE / 'model.txt'} on {len(data)} wines")


if __name__ == "__main__":
    main()
