import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import kit
import pytest
from kit.bodies import MAX_BYTES
from pydantic import BaseModel


class Note(BaseModel):
    text: str


@pytest.fixture
def post() -> Callable[..., httpx.Response]:
    app = kit.create_app(kit.Settings(service="shop"), title="Shop")

    @app.post("/notes")
    async def take(note: Note) -> int:
        return len(note.text)

    async def send(content: bytes | AsyncIterator[bytes]) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop") as client:
            return await client.post("/notes", content=content, headers={"Content-Type": "application/json"})

    return lambda content: asyncio.run(send(content))


def note(size: int) -> bytes:
    """A request's body of so many bytes."""
    return b'{"text": "%s"}' % (b"x" * (size - 12))


async def in_chunks(body: bytes) -> AsyncIterator[bytes]:
    for begin in range(0, len(body), 65_536):
        yield body[begin : begin + 65_536]


@pytest.mark.parametrize("sent_as", [bytes, in_chunks], ids=["length given", "in chunks"])
def test_a_body_may_be_as_large_as_the_bound_and_no_larger(post, sent_as) -> None:
    assert post(sent_as(note(MAX_BYTES))).json() == MAX_BYTES - 12
    refused = post(sent_as(note(MAX_BYTES + 1)))
    assert refused.status_code == 413
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["detail"] == f"The body is larger than {MAX_BYTES} bytes; send less at a time."
