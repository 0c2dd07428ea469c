"""An answer does not depend on what else is in the batch."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from support.models import save

random = np.random.default_rng(5)
PASSENGERS = pd.DataFrame(
    {"age": random.uniform(1, 80, 400), "fare": random.gamma(2, 20, 400), "deck": random.choice(list("ABCDEFG"), 400)}
)
SURVIVED = (PASSENGERS.fare + random.normal(0, 30, 400) > 40).astype(int)


def binned(last: Any) -> Any:
    columns = make_column_transformer(
        (KBinsDiscretizer(4, encode="onehot-dense", strategy="uniform", subsample=None), ["age", "fare"]),
        (OneHotEncoder(sparse_output=False), ["deck"]),
    )
    return make_pipeline(columns, last).fit(PASSENGERS, SURVIVED)


def bodies(predictor: Predictor, rows: pd.DataFrame) -> list[bytes]:
    return predictor.predict(Batch.of(predictor.info.signature, rows.to_dict("list"))).encode().bodies


@pytest.mark.parametrize("last", [LogisticRegression(), Ridge()], ids=["classifier", "regressor"])
def test_binning_before_a_linear_model_is_batch_invariant(last: Any, tmp_path: Path) -> None:
    outputs = ("predict_proba",) if hasattr(last, "predict_proba") else ("predict",)
    predictor = load_predictor(save(binned(last), tmp_path), outputs=outputs)

    together = bodies(predictor, PASSENGERS)

    assert [bodies(predictor, PASSENGERS.iloc[[row]])[0] for row in range(400)] == together
    assert bodies(predictor, PASSENGERS[::-1]) == together[::-1]


def test_an_encoder_with_fixed_categories_is_probed_with_known_ones(tmp_path: Path) -> None:
    """A rejected probe made calls of one row each: 47 seconds in place of one for 20,000 rows."""
    predictor = load_predictor(save(binned(LogisticRegression()), tmp_path))

    assert predictor.info.call_size.fixed == 32
    assert predictor.info.determinism.rejection == ""
