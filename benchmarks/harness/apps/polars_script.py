"""The same with polars: its files are read and written by all cores."""

import sys

import joblib
import polars as pl

model_path, source, output, *outputs = sys.argv[1:]
model = joblib.load(model_path)
table = pl.read_parquet(source) if source.endswith(".parquet") else pl.read_csv(source, null_values=["", "NA"])
features = table.select(list(model.feature_names_in_)).to_pandas()
added = [pl.Series("prediction", model.predict(features))]
if "predict_proba" in outputs:
    columns = model.predict_proba(features).T
    added += [pl.Series(f"probability_{label}", column) for label, column in zip(model.classes_, columns, strict=True)]
table = table.with_columns(added)
if output.endswith(".parquet"):
    table.write_parquet(output)
else:
    table.write_csv(output)
