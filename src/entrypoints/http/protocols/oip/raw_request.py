"""RawRequests: requests whose body is the bytes of the only input, without any JSON."""

from collections import Counter
from math import prod

import numpy as np

from foreseen.domain.values.signature import Signature
from foreseen.entrypoints.http.protocols.oip.binary_values import values_of_bytes
from foreseen.entrypoints.http.protocols.oip.datatypes import BYTES, DTYPES, Tensor, bad_request, datatype_of
from foreseen.entrypoints.http.protocols.oip.infer_request import InferRequest
from foreseen.entrypoints.http.requests.request_body import too_many


class RawRequests:
    """Reads bodies that are a matrix of all features, or the tensor of the only one; of texts, one instance of one."""

    def __init__(self, signature: Signature, max_rows: int) -> None:
        """Accept what the model takes, and how many instances a request may have."""
        self._max_rows = max_rows
        self._shape = signature.features[0].shape if signature.has_tensors else (len(signature.features),)
        self._datatypes = Counter(map(datatype_of, signature.features))
        self._has_one_input = len(signature.features) == 1 or not signature.has_tensors
        self._name = signature.features[0].name if len(signature.features) == 1 else "input-0"

    def read(self, body: bytes) -> InferRequest:
        """Return the request, whose outputs are all sent as binary data.

        Raises:
            Rejection: the model has features of several datatypes, or the bytes are no whole instances (400), or
                too many (413).
        """
        if len(self._datatypes) > 1 or not self._has_one_input:
            raise bad_request(
                "expected JSON before the binary data, since the model has features of several datatypes or tensors, "
                "got an Inference-Header-Content-Length of 0"
            )
        [datatype] = self._datatypes
        size = prod(self._shape)
        if datatype == BYTES:
            n = 1
        else:
            row_bytes = size * np.dtype(DTYPES[datatype]).itemsize
            n, rest = divmod(len(body), row_bytes)
            if rest or not n:
                raise bad_request(f"expected a multiple of {row_bytes} bytes, those of an instance, got {len(body)}")
            if n > self._max_rows:
                raise too_many(self._max_rows)
        values = values_of_bytes(f"inputs.{self._name}", datatype, (n, *self._shape), body)
        return InferRequest(None, [Tensor(self._name, datatype, values)], (), is_binary=True)
