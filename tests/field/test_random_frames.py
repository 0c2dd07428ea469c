"""A random frame of mixed columns, and a random pipeline over it: served, it answers as the pipeline does by itself."""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.entrypoints.http.requests.request_instances import InstanceReader
from support.command_in_process import run_here
from support.example_counts import BY_THE_CLOCK
from support.models import save
from support.own_functions import as_text, parts_of_dates

ROWS = 24
Draw = Callable[[np.random.Generator], Any]


def _one_hot() -> Any:
    return OneHotEncoder(handle_unknown="ignore")


COLUMNS: dict[str, tuple[Draw, list[Callable[[], Any]]]] = {
    "integers": (
        lambda random: random.integers(1, 6, ROWS),
        [_one_hot, OrdinalEncoder, StandardScaler, lambda: make_pipeline(FunctionTransformer(as_text), _one_hot())],
    ),
    "floats": (lambda random: random.random(ROWS).round(3), [StandardScaler, lambda: "passthrough"]),
    "float32": (
        lambda random: random.choice(np.array([0.1, 0.2, 0.3], np.float32), ROWS),
        [_one_hot, OrdinalEncoder, StandardScaler],
    ),
    "missing floats": (
        lambda random: np.where(random.random(ROWS) < 0.3, np.nan, random.random(ROWS).round(2)),
        [SimpleImputer, lambda: make_pipeline(StandardScaler(), SimpleImputer())],
    ),
    "bools": (lambda random: random.random(ROWS) < 0.5, [_one_hot, lambda: "passthrough"]),
    "texts": (lambda random: random.choice(["Oslo", "Rome", "São Paulo"], ROWS).astype(object), [_one_hot]),
    "missing texts": (
        lambda random: [None if random.random() < 0.3 else "ab"[random.integers(2)] for _ in range(ROWS)],
        [lambda: make_pipeline(SimpleImputer(strategy="constant", fill_value="?"), _one_hot())],
    ),
    "categories": (
        lambda random: pd.Categorical(random.choice(["low", "high"], ROWS)),
        [_one_hot, lambda: OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)],
    ),
    "dates": (
        lambda random: pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 9000, ROWS), unit="h"),
        [lambda: FunctionTransformer(parts_of_dates)],
    ),
}
CHOICES = st.lists(
    st.sampled_from([(kind, place) for kind, (_, parts) in COLUMNS.items() for place in range(len(parts))]),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, *BY_THE_CLOCK],
)
@given(CHOICES, st.integers(0, 1000))
def test_a_served_pipeline_answers_as_it_does_by_itself(choices: list[tuple[str, int]], seed: int) -> None:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({f"c{at}": COLUMNS[kind][0](random) for at, (kind, _) in enumerate(choices)})
    parts = [(f"c{at}", COLUMNS[kind][1][part](), [f"c{at}"]) for at, (kind, part) in enumerate(choices)]
    forest = RandomForestRegressor(3, random_state=0)
    model = make_pipeline(ColumnTransformer(parts, sparse_threshold=0), forest).fit(frame, random.random(ROWS))
    own = model.predict(frame).tolist()

    with TemporaryDirectory() as folder:
        path = save(model, Path(folder))

        assert _by_json(path, frame) == own
        assert _by_file(path, frame, "csv") == own
        assert _by_file(path, frame, "parquet") == own


def _by_json(path: Path, frame: pd.DataFrame) -> list[Any]:
    predictor = load_predictor(path, rows_per_call=0)
    instances = [{name: _as_json(value) for name, value in row.items()} for row in frame.to_dict("records")]
    body = json.dumps({"instances": instances}).encode()
    batch = InstanceReader(predictor.info.signature).from_body(body).batch
    return [json.loads(answer)["prediction"] for answer in predictor.predict(batch).encode().bodies]


def _as_json(value: Any) -> Any:
    if value is None or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return float(str(value)) if isinstance(value, np.float32) else value


def _by_file(path: Path, frame: pd.DataFrame, form: str) -> list[Any]:
    source, out = path.with_name(f"in.{form}"), path.with_name(f"{form}.jsonl")
    if form == "csv":
        frame.to_csv(source, index=False)
    else:
        frame.to_parquet(source)
    done = run_here("score", path, source, "-o", out, "--rows-per-call", "0", "--cache", "none")
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["prediction"] for line in out.read_text().splitlines()]
