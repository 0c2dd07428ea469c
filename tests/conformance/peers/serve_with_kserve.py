"""Serve a model of scikit-learn with KServe's ModelServer, as its own server of scikit-learn does:

FILE and its options.
"""

import sys
from typing import Any

import joblib
import uvicorn
from grpc import aio
from kserve import Model, ModelServer, model_server
from kserve.utils.utils import get_predict_input, get_predict_response


class Iris(Model):  # type: ignore[misc]  # KServe is in an environment of its own
    """Four measurements of a flower in one matrix, and its kind."""

    def __init__(self, file: str) -> None:
        super().__init__("iris")
        self._model = joblib.load(file)
        self.ready = True

    def get_input_types(self) -> list[dict[str, object]]:
        return [{"name": "input-0", "datatype": "FP64", "shape": [-1, 4]}]

    def get_output_types(self) -> list[dict[str, object]]:
        return [{"name": "output-0", "datatype": "INT64", "shape": [-1]}]

    def predict(self, payload: Any, headers: Any = None, response_headers: Any = None) -> Any:
        return get_predict_response(payload, self._model.predict(get_predict_input(payload)), self.name)


class LoopbackConfig(uvicorn.Config):
    """KServe has no setting for where it listens."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options | {"host": "127.0.0.1"})


make_server = aio.server


def loopback_server(*args: Any, **options: Any) -> Any:
    """Return a server of gRPC that listens on loopback: KServe has no setting for this either."""
    server = make_server(*args, **options)
    listen = server.add_insecure_port
    server.add_insecure_port = lambda address: listen(address.replace("[::]", "127.0.0.1"))
    return server


if __name__ == "__main__":
    uvicorn.Config = LoopbackConfig  # type: ignore[misc]
    aio.server = loopback_server
    file = sys.argv.pop(1)
    options, _ = model_server.parser.parse_known_args()
    ModelServer(http_port=options.http_port, grpc_port=options.grpc_port, workers=1).start([Iris(file)])
