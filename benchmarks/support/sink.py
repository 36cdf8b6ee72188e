"""An OTLP sink that costs next to nothing: `python -m support.sink PORT`."""

import asyncio
import json
import sys
from typing import ClassVar

import uvloop
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


def content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


class Sink(asyncio.Protocol):
    """Takes OTLP over HTTP, keeps the bodies, answers 200; GET gives the number of spans and log records so far."""

    bodies: ClassVar[list[tuple[bytes, bytes]]] = []  # (path, body), of all connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            size = content_length(head)
            if len(self.buffer) < end + 4 + size:
                return
            body = self.buffer[end + 4 : end + 4 + size]
            self.buffer = self.buffer[end + 4 + size :]
            answer = b""
            if head.startswith(b"GET"):
                answer = json.dumps(self.count()).encode()
            else:
                self.bodies.append((head.split(b" ", 2)[1], body))
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(answer) + answer)

    def count(self) -> dict[str, int]:
        spans = logs = 0
        for path, body in self.bodies:
            if path == b"/v1/traces":
                request = ExportTraceServiceRequest.FromString(body)
                spans += sum(len(scope.spans) for item in request.resource_spans for scope in item.scope_spans)
            else:
                request = ExportLogsServiceRequest.FromString(body)
                logs += sum(len(scope.log_records) for item in request.resource_logs for scope in item.scope_logs)
        return {"spans": spans, "logs": logs, "bytes": sum(len(body) for _, body in self.bodies)}


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
