"""How the tests call a service: in this process, without a network, and without what it does at its start."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

Call = Callable[..., httpx.Response]


@pytest.fixture
def calling() -> Callable[[FastAPI], Call]:
    """`calling(app)("POST", "/orders", json={…})` gives the app's answer."""

    def to(app: FastAPI) -> Call:
        async def ask(method: str, path: str, **arguments: Any) -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
                return await client.request(method, path, **arguments)

        return lambda method, path, **arguments: asyncio.run(ask(method, path, **arguments))

    return to
