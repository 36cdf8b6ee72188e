"""Server-sent events as they pass: whole ones only, and one of the gateway's own at the end of a stream that is cut.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import json
import re

END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
MEDIA_TYPE = "text/event-stream"


class Whole:
    """Keeps back the part of an event, of which a client can make nothing and after which no error could follow."""

    def __init__(self) -> None:
        self.rest = b""

    def take(self, chunk: bytes) -> bytes:
        """The events that have come to their end."""
        buffer = self.rest + chunk
        end = max((match.end() for match in END.finditer(buffer)), default=0)
        self.rest = buffer[end:]
        return buffer[:end]


def event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def error(path: str, code: str, message: str) -> bytes:
    """The event that the clients of that API take for an error."""
    if path == "/v1/messages":
        text = event("error", {"type": "error", "error": {"type": code, "message": message}})
    elif path == "/v1/responses":
        text = event("error", {"type": "error", "code": code, "message": message, "param": None})
    else:
        text = f"data: {json.dumps({'error': {'message': message, 'type': code, 'code': code}})}\n\n"
    return text.encode()
