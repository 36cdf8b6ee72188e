"""The messages of Jaeger's remote storage API, version 2, as far as reading needs them.

https://github.com/jaegertracing/jaeger-idl, proto/storage/v2: described here by hand, since there are few of them and
code made by protoc is bound to one version of protobuf. Attributes are OpenTelemetry's own type, which Jaeger's copies.
"""

from __future__ import annotations

import re
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory, timestamp_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

PACKAGE = "jaeger.storage.v2"
_TIME, _DURATION = ".google.protobuf.Timestamp", ".google.protobuf.Duration"
# A field's number is its place; a `*` makes it repeated.
_FIELDS = {
    "GetTraceParams": {"trace_id": "bytes", "start_time": _TIME, "end_time": _TIME},
    "GetTracesRequest": {"query": "*GetTraceParams"},
    "GetServicesRequest": {},
    "GetServicesResponse": {"services": "*string"},
    "GetOperationsRequest": {"service": "string", "span_kind": "string"},
    "Operation": {"name": "string", "span_kind": "string"},
    "GetOperationsResponse": {"operations": "*Operation"},
    "TraceQueryParameters": {
        "service_name": "string",
        "operation_name": "string",
        "attributes": "*.opentelemetry.proto.common.v1.KeyValue",
        "start_time_min": _TIME,
        "start_time_max": _TIME,
        "duration_min": _DURATION,
        "duration_max": _DURATION,
        "search_depth": "int32",
    },
    "FindTracesRequest": {"query": "TraceQueryParameters"},
    "FoundTraceID": {"trace_id": "bytes", "start": _TIME, "end": _TIME},
    "FindTraceIDsResponse": {"trace_ids": "*FoundTraceID"},
    "GetDependenciesRequest": {"start_time": _TIME, "end_time": _TIME},
    "Dependency": {"parent": "string", "child": "string", "call_count": "uint64", "source": "string"},
    "GetDependenciesResponse": {"dependencies": "*Dependency"},
}
_Field = descriptor_pb2.FieldDescriptorProto
_NEEDED = (timestamp_pb2, duration_pb2, common_pb2, trace_pb2)


def _file() -> descriptor_pb2.FileDescriptorProto:
    needed = [module.DESCRIPTOR.name for module in _NEEDED]
    file = descriptor_pb2.FileDescriptorProto(
        name="jaeger/storage/v2/reading.proto", package=PACKAGE, syntax="proto3", dependency=needed
    )
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for number, (field, type_) in enumerate(fields.items(), 1):
            label = _Field.LABEL_REPEATED if type_.startswith("*") else _Field.LABEL_OPTIONAL
            message.field.add(name=field, number=number, label=label, **_type(type_.removeprefix("*")))
    return file


def _type(name: str) -> dict[str, Any]:
    if re.fullmatch(r"[a-z0-9]+", name):
        return {"type": _Field.Type.Value(f"TYPE_{name.upper()}")}
    return {"type": _Field.TYPE_MESSAGE, "type_name": name if name.startswith(".") else f".{PACKAGE}.{name}"}


_POOL = descriptor_pool.Default()  # which has the needed ones
_POOL.AddSerializedFile(_file().SerializeToString())


def message(name: str) -> Any:
    """The class of a message of this package."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{PACKAGE}.{name}"))
