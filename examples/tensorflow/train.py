"""Train a network of Keras on iris, by TensorFlow, and export it as the SavedModel in the folder model."""

import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
from sklearn.datasets import load_iris

HERE = Path(__file__).parent


def main() -> None:
    keras.utils.set_random_seed(0)
    flowers, species = load_iris(return_X_y=True)
    model = keras.Sequential(
        [
            keras.layers.Input((4,), name="flower"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.fit(flowers, species, epochs=100, verbose=0)
    model.export(HERE / "model", verbose=False)
    print(f"trained {HERE / 'model'} on {len(flowers)} flowers")


if __name__ == "__main__":
    main()
