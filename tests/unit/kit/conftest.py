import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI


@pytest.fixture
def until() -> Callable[[str, Callable[[], bool]], None]:
    """Polls until a condition holds, ten seconds at most; the first argument says what is awaited."""

    def wait(what: str, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end, f"gave up waiting: {what}"
            time.sleep(0.02)

    return wait


@pytest.fixture
def ask() -> Callable[..., httpx.Response]:
    """`ask(app, "GET", "/path", …)`: one request to an app, by ASGI."""

    def send(app: FastAPI, method: str, path: str, **arguments: Any) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
                return await client.request(method, path, **arguments)

        return asyncio.run(go())

    return send
