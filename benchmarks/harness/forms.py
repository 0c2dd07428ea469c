"""How a server is asked for the label of a flower: its path, what is posted there, where the reply has the label."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from harness.inputs import Flower, as_json


@dataclass(frozen=True, slots=True)
class Form:
    """One protocol.

    Attributes:
        path: where flowers are posted; load.lua knows the forms by it.
        body: from a flower to what is posted.
        label: from a parsed reply to the label.
    """

    path: str
    body: Callable[[Flower], str]
    label: Callable[[Any], str]


FLOWER = Form("/predict", as_json, lambda reply: str(reply["prediction"]))
"""Names and values, as Foreseen, the tutorial's application and LitServe are asked."""

OPEN_INFERENCE = Form(
    "/v2/models/model/infer",
    lambda flower: as_json({"inputs": [_tensor(flower)]}),
    lambda reply: str(reply["outputs"][0]["data"][0]),
)
"""The Open Inference Protocol v2, as MLServer is asked."""


def form_of(url: str) -> Form:
    """Return how the server at a URL is asked, which its path says."""
    path = urlsplit(url).path
    return next(form for form in (FLOWER, OPEN_INFERENCE) if form.path == path)


def label_in(url: str, reply: bytes) -> str:
    """Return the label in a reply of the server at a URL."""
    return form_of(url).label(json.loads(reply))


def _tensor(flower: Flower) -> dict[str, object]:
    return {"name": "x", "shape": [1, len(flower)], "datatype": "FP64", "data": list(flower.values())}
