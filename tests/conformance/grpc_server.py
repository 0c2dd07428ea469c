"""A server over gRPC: its methods by name, messages as they go over the wire."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final

import grpc

from conformance.grpc_messages import CONTENTS, MESSAGES
from conformance.levels import not_served
from conformance.model import FLOWERS, Model, Row
from conformance.tensors import packed, unpacked

PATIENCE_S: Final = 60.0
SERVICE: Final = "inference.GRPCInferenceService"
TYPES: Final = {
    "ServerLive": ("Empty", "Live"),
    "ServerReady": ("Empty", "Ready"),
    "ModelReady": ("ModelName", "Ready"),
    "ServerMetadata": ("Empty", "ServerMetadata"),
    "ModelMetadata": ("ModelName", "ModelMetadata"),
    "ModelInfer": ("InferRequest", "InferResponse"),
    "RepositoryIndex": ("Index", "IndexResponse"),
    "Check": ("HealthCheck", "HealthStatus"),
}
"""What each method takes and returns."""


class GrpcServer:
    """A server over gRPC, and its model."""

    def __init__(self, address: str, model: str) -> None:
        self.model = model
        no_limit = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        self._channel = grpc.insecure_channel(address, [*no_limit, ("grpc.enable_http_proxy", 0)])

    def __enter__(self) -> "GrpcServer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._channel.close()

    def call(self, method: str, *, service: str = SERVICE, **members: Any) -> Any:
        """Call a method; raise AssertionError with code and message where it fails."""
        code, reply = self._called(method, service, members)
        assert code == "OK", f"expected OK, got {code}: {reply}"
        return reply

    def failure(self, method: str, *, service: str = SERVICE, **members: object) -> tuple[str, str]:
        """Call a method that has to fail; return code and message."""
        code, reply = self._called(method, service, members)
        assert code != "OK", f"expected an error, got {reply}".replace("\n", " ")[:200]
        return code, str(reply)

    def optional(self, method: str, *, service: str = SERVICE, **members: object) -> Any:
        """Call a method of an extension; end the check where the server does not have it."""
        code, reply = self._called(method, service, members)
        if code == "UNIMPLEMENTED":
            not_served(f"{service}/{method}")
        assert code == "OK", f"expected OK, got {code}: {reply}"
        return reply

    def request(self, model: Model, rows: Sequence[Row] = FLOWERS, datatype: str = "") -> dict[str, Any]:
        """Return the members of a request with typed values."""
        tensors = model.tensors(rows, datatype)
        for tensor in tensors:
            tensor["contents"] = {CONTENTS[tensor["datatype"]]: tensor.pop("data")}
        return {"model_name": self.model, "inputs": tensors}

    def raw(self, model: Model, rows: Sequence[Row] = FLOWERS, datatype: str = "") -> dict[str, Any]:
        """Return the members of a request with raw values."""
        tensors = model.tensors(rows, datatype)
        blobs = [packed(tensor.pop("data"), tensor["datatype"]) for tensor in tensors]
        return {"model_name": self.model, "inputs": tensors, "raw_input_contents": blobs}

    def outputs(self, **members: Any) -> dict[str, list[Any]]:
        """Ask the model; return the values of its outputs by name, texts as text."""
        return self.values_of(self.call("ModelInfer", **members))

    def values_of(self, reply: Any) -> dict[str, list[Any]]:
        """Return the values in a reply, raw or typed."""
        raw = list(reply.raw_output_contents)
        if raw:
            assert len(raw) == len(reply.outputs), f"{len(reply.outputs)} outputs and {len(raw)} raw contents"
            return {
                output.name: unpacked(blob, output.datatype) for output, blob in zip(reply.outputs, raw, strict=True)
            }
        typed = {each.name: list(getattr(each.contents, CONTENTS[each.datatype])) for each in reply.outputs}
        return {
            name: [value.decode() if isinstance(value, bytes) else value for value in values]
            for name, values in typed.items()
        }

    def _called(self, method: str, service: str, members: dict[str, object]) -> tuple[str, Any]:
        takes, gives = (MESSAGES[name] for name in TYPES[method])
        call = self._channel.unary_unary(
            f"/{service}/{method}", request_serializer=takes.SerializeToString, response_deserializer=gives.FromString
        )
        try:
            return "OK", call(takes(**members), timeout=PATIENCE_S)
        except grpc.RpcError as error:
            return error.code().name, error.details()
