"""What every analyst writes: read the file, ask the model, write the file."""

import sys

import joblib
import pandas as pd

model_path, source, output, *outputs = sys.argv[1:]
model = joblib.load(model_path)
table = pd.read_parquet(source) if source.endswith(".parquet") else pd.read_csv(source)
features = table[list(model.feature_names_in_)]
table["prediction"] = model.predict(features)
if "predict_proba" in outputs:
    names = [f"probability_{label}" for label in model.classes_]
    table[names] = model.predict_proba(features)
if output.endswith(".parquet"):
    table.to_parquet(output, index=False)
else:
    table.to_csv(output, index=False)
