"""What every analyst writes: read the file, ask the model, write the file."""

import sys

import joblib
import pandas as pd

model_path, source, output = sys.argv[1:]
model = joblib.load(model_path)
table = pd.read_csv(source)
table["prediction"] = model.predict(table[list(model.feature_names_in_)])
table.to_csv(output, index=False)
