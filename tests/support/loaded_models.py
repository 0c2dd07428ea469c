"""A model as it is served, for tests of what it is given: saved, loaded, and given instances."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foreseen.adapters.predictor.load_predictor import load_predictor
from foreseen.domain.ports import Predictor
from foreseen.domain.values.batch import Batch
from foreseen.domain.values.signature import Signature
from support.models import save


def load_saved(model: Any, folder: Path, toml: str = "", *, proba: bool = True, **options: Any) -> Predictor:
    """Save a model, with a sidecar where there is one, and load it for its probabilities or its predictions."""
    path = save(model, folder)
    if toml:
        path.with_suffix(".toml").write_text(toml)
    return load_predictor(
        path, outputs=("predict_proba",) if proba else ("predict",), **({"rows_per_call": 0} | options)
    )


def sent(predictor: Predictor, *instances: Mapping[str, Any]) -> list[Any]:
    """Predict instances, and return the values of their answers: probabilities as a list each."""
    signature = predictor.info.signature
    batch = Batch.of(signature, {name: [instance.get(name) for instance in instances] for name in signature.names})
    answers = [json.loads(answer) for answer in predictor.predict(batch).encode().bodies]
    return [
        list(answer["probabilities"].values()) if "probabilities" in answer else answer["prediction"]
        for answer in answers
    ]


def dtypes(signature: Signature) -> dict[str, str]:
    """Return the dtype of each feature by its name."""
    return {feature.name: feature.dtype for feature in signature.features}


def own_answers(model: Any, table: Any) -> Sequence[Any]:
    """Return what a model says of a table by itself: its probabilities."""
    answers: list[Any] = model.predict_proba(table).tolist()
    return answers
