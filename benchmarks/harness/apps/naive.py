"""naive: what a tutorial builds. FastAPI in front, `redis.get` on the inputs as text, `model.predict` on a miss."""

import os
from typing import Annotated

import joblib
import redis
from fastapi import FastAPI, Query
from pydantic import BaseModel

app = FastAPI()
model = joblib.load(os.environ["NAIVE_MODEL"])
cache = redis.Redis.from_url(os.environ["NAIVE_REDIS_URL"], decode_responses=True)


class Flower(BaseModel):
    """The four measures of an iris."""

    sepal_length: float
    sepal_width: float
    petal_length: float
    petal_width: float


@app.post("/predict")
def post_predict(flower: Flower) -> dict[str, str]:
    """Predict from a body."""
    return predict(flower)


@app.get("/predict")
def get_predict(flower: Annotated[Flower, Query()]) -> dict[str, str]:
    """Predict from a query."""
    return predict(flower)


def predict(flower: Flower) -> dict[str, str]:
    """Answer from Redis, or from the model and into Redis for an hour."""
    values = [flower.sepal_length, flower.sepal_width, flower.petal_length, flower.petal_width]
    key = "prediction:" + ":".join(map(str, values))
    known = cache.get(key)
    if known is not None:
        return {"prediction": str(known)}
    label = str(model.predict([values])[0])
    cache.setex(key, 3600, label)
    return {"prediction": label}
