"""What MLflow itself asks a scoring server with, of /ping, /version and /invocations: URL MODEL."""

import json

import numpy as np
import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

from clients.flowers import KINDS, NAMES, ROWS, URL, columns

host, port = URL.split(":")
client = ScoringServerClient(host, int(port))
client.wait_server_ready(timeout=60)
client.ping()
assert client.get_version()
flowers = pd.DataFrame(columns())
assert client.invoke(flowers).get_predictions()[0].tolist() == KINDS
assert client.invoke(flowers[flowers.columns[::-1]]).get_predictions()[0].tolist() == KINDS
assert client.invoke(np.array(ROWS)).get_predictions()[0].tolist() == KINDS
assert client.invoke([dict(zip(NAMES, row, strict=True)) for row in ROWS]).get_predictions()[0].tolist() == KINDS
assert client.invoke(json.dumps({"inputs": columns()})).get_predictions()[0].tolist() == KINDS
try:
    client.invoke(flowers[flowers.columns[:3]])
except Exception as error:  # noqa: BLE001 - MLflow raises no other
    assert "petal_width" in str(error), str(error)
else:
    raise AssertionError("expected an error")
