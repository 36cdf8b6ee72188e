"""A closed loop of clients over plain sockets: each asks again as soon as it is answered."""

import asyncio
import random

from support.endpoint import ROWS
from support.sink import content_length

CONNECTIONS = 16


class Client(asyncio.Protocol):
    """One connection: sends a request, reads the answer, sends the next."""

    def __init__(self) -> None:
        self.answered = self.failed = 0
        self.running = True
        self.buffer = b""
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        trace, span = random.getrandbits(128), random.getrandbits(64)
        self.transport.write(
            b"GET /items/%d HTTP/1.1\r\nhost: 127.0.0.1\r\ntraceparent: 00-%032x-%016x-01\r\n\r\n"
            % (random.randint(1, ROWS), trace, span)
        )

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0 or len(self.buffer) < end + 4 + content_length(self.buffer[:end]):
            return
        self.answered += 1
        self.failed += not self.buffer.startswith(b"HTTP/1.1 200")
        self.buffer = b""
        if self.running:
            self.ask()
        else:
            self.transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        self.closed.set_result(None)


async def load(port: int, seconds: float) -> tuple[int, int]:
    """Requests answered in so many seconds, and how many of them not with 200."""
    loop = asyncio.get_running_loop()
    clients = [(await loop.create_connection(Client, "127.0.0.1", port))[1] for _ in range(CONNECTIONS)]
    await asyncio.sleep(seconds)
    for client in clients:
        client.running = False
    await asyncio.gather(*(client.closed for client in clients))
    return sum(client.answered for client in clients), sum(client.failed for client in clients)
