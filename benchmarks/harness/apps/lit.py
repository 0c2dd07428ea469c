"""LitServe, as its documentation has it: `python -m harness.apps.lit PORT`. Requests in batches, its faster queue."""

import os
import sys
from typing import Any

import joblib
import litserve
import numpy as np

NAMES = ("sepal_length", "sepal_width", "petal_length", "petal_width")
BATCH = 64
BATCH_S = 0.001


class Forest(litserve.LitAPI):  # type: ignore[misc]
    """A model of scikit-learn, called once for all requests of a batch."""

    def setup(self, device: str) -> None:  # noqa: ARG002
        """Load the model."""
        self.model = joblib.load(os.environ["LIT_MODEL"])

    # LitServe would take types here for pydantic models, and check each request and reply.
    def decode_request(self, request):  # type: ignore[no-untyped-def]
        """Return the row of one request."""
        return [request[name] for name in NAMES]

    def batch(self, inputs: list[list[float]]) -> Any:
        """Return the rows of all requests."""
        return np.asarray(inputs)

    def predict(self, rows: Any) -> Any:
        """Call the model."""
        return self.model.predict(rows)

    def unbatch(self, output: Any) -> list[Any]:
        """Return a label for each row."""
        return list(output)

    def encode_response(self, output):  # type: ignore[no-untyped-def]
        """Answer as bare does."""
        return {"prediction": str(output)}


if __name__ == "__main__":
    forest = Forest(max_batch_size=BATCH, batch_timeout=BATCH_S)
    server = litserve.LitServer(forest, accelerator="cpu", workers_per_device=1, fast_queue=True)
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1, log_level="warning", generate_client_file=False
    )
