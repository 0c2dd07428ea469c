"""The messages of the protocol, in a pool of their own: no generated module collides with a client's or a server's."""

import re
from collections.abc import Iterator
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FIELDS: Final = """
Empty:
Live: bool live = 1
Ready: bool ready = 1
ModelName: string name = 1, string version = 2
ServerMetadata: string name = 1, string version = 2, repeated string extensions = 3
TensorMetadata: string name = 1, string datatype = 2, repeated int64 shape = 3
ModelMetadata: string name = 1, repeated string versions = 2, string platform = 3,
    repeated TensorMetadata inputs = 4, repeated TensorMetadata outputs = 5
Parameter: bool bool_param = 1, int64 int64_param = 2, string string_param = 3, double double_param = 4,
    uint64 uint64_param = 5
Parameters: string key = 1, Parameter value = 2
Contents: repeated bool bool_contents = 1, repeated int32 int_contents = 2, repeated int64 int64_contents = 3,
    repeated uint32 uint_contents = 4, repeated uint64 uint64_contents = 5, repeated float fp32_contents = 6,
    repeated double fp64_contents = 7, repeated bytes bytes_contents = 8
Tensor: string name = 1, string datatype = 2, repeated int64 shape = 3, repeated Parameters parameters = 4,
    Contents contents = 5
RequestedOutput: string name = 1, repeated Parameters parameters = 2
InferRequest: string model_name = 1, string model_version = 2, string id = 3, repeated Parameters parameters = 4,
    repeated Tensor inputs = 5, repeated RequestedOutput outputs = 6, repeated bytes raw_input_contents = 7
InferResponse: string model_name = 1, string model_version = 2, string id = 3, repeated Parameters parameters = 4,
    repeated Tensor outputs = 5, repeated bytes raw_output_contents = 6
Index: string repository_name = 1, bool ready = 2
IndexedModel: string name = 1, string version = 2, string state = 3, string reason = 4
IndexResponse: repeated IndexedModel models = 1
HealthCheck: string service = 1
HealthStatus: int32 status = 1
"""
"""open_inference_grpc.proto, Triton's RepositoryIndex and grpc.health.v1, by what goes over the wire.

A map is a repeated message of key and value, an enum an int32; names of messages are not sent.
"""
CONTENTS: Final = {
    "BOOL": "bool_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""Where typed values of a datatype are; FP16 has no such place."""

_PACKAGE: Final = "conformance"


def _messages() -> Iterator[tuple[str, list[str]]]:
    for name, listed in re.findall(r"(\w+):((?:.|\n    )*)", FIELDS):
        yield name, [field.strip() for field in listed.replace("\n", " ").split(",") if field.strip()]


def _add_field(message: descriptor_pb2.DescriptorProto, text: str) -> None:
    words, _, number = text.partition(" = ")
    *repeated, kind, name = words.split()
    field = message.field.add(name=name, number=int(number))
    field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
    if kind[0].isupper():
        field.type, field.type_name = field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    else:
        field.type = getattr(field, f"TYPE_{kind.upper()}")
    if message.name == "Parameter":  # which of its fields is set is told even where it is false or 0
        field.oneof_index = 0


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _messages():
        message = file.message_type.add(name=name)
        if name == "Parameter":
            message.oneof_decl.add(name="choice")
        for field in fields:
            _add_field(message, field)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"{_PACKAGE}.{name}") for name, _ in _messages()}
    return {name: message_factory.GetMessageClass(each) for name, each in found.items()}


MESSAGES: Final = _classes()
"""The classes by name."""
