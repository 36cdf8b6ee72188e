"""The AI provider, as the gateway talks to it."""

import contextlib
from collections.abc import AsyncIterator, Iterable

import httpx
from kit import Problem
from opentelemetry.instrumentation.utils import suppress_instrumentation
from pydantic import SecretStr

from warroom.gateway import headers, sse
from warroom.gateway.settings import AiSettings

LARGEST_ANSWER = 8 * 1024 * 1024  # bytes
LARGEST_EVENT = 1024 * 1024  # bytes
CONNECT = 5.0  # seconds


class Answer:
    """An answer whose status and headers have come. Nothing that it gives holds the key."""

    def __init__(self, response: httpx.Response, key: SecretStr) -> None:
        self.status = response.status_code
        self.headers = headers.to_client(response.headers.raw, key)
        self.streams = response.headers.get("content-type", "").startswith(sse.MEDIA_TYPE)
        self._response = response
        self._key = key.get_secret_value().encode()

    async def events(self) -> AsyncIterator[bytes]:
        """A stream's events as they come, whole ones."""
        whole = sse.Whole()
        async for chunk in self._chunks():
            if events := whole.take(chunk):
                yield self._without_key(events)
            if len(whole.rest) > LARGEST_EVENT:
                raise _trouble(f"sent an event of more than {LARGEST_EVENT} bytes")
        if whole.rest:
            yield self._without_key(whole.rest)

    async def read(self) -> bytes:
        return self._without_key(b"".join([chunk async for chunk in self._chunks()]))

    async def _chunks(self) -> AsyncIterator[bytes]:
        taken = 0
        async for chunk in self._response.aiter_raw():
            taken += len(chunk)
            if taken > LARGEST_ANSWER:
                raise _trouble(f"sent more than {LARGEST_ANSWER} bytes")
            yield chunk

    def _without_key(self, text: bytes) -> bytes:
        return text.replace(self._key, b"[key]") if self._key else text


class Upstream:
    """Raises Problem, with one sentence that tells nothing of the key, when the provider does not do its part."""

    def __init__(self, settings: AiSettings) -> None:
        self._url = settings.ai_upstream_url
        self._auth = settings.ai_upstream_auth
        self._key = settings.ai_key()
        # How long an answer may take is for the caller, who cancels.
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(None, connect=CONNECT), follow_redirects=False)

    @contextlib.asynccontextmanager
    async def ask(
        self, method: str, path: str, query: str, given: Iterable[headers.Pair], body: bytes
    ) -> AsyncIterator[Answer]:
        """Sends the request; leaving the context, or being cancelled in it, ends the call."""
        url = f"{self._url}{path}?{query}" if query else f"{self._url}{path}"
        passing = headers.to_upstream(given, path, self._key, self._auth)
        request = self._client.build_request(method, url, headers=passing, content=body or None)
        # What an exception says is not repeated: it may quote a header.
        try:
            with suppress_instrumentation():  # the trace is none of the provider's business
                response = await self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise _trouble(f"cannot be reached ({type(error).__name__})") from None
        try:
            _require_usable(response)
            yield Answer(response, self._key)
        except httpx.HTTPError as error:
            raise _trouble(f"broke off its answer ({type(error).__name__})") from None
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        await self._client.aclose()


def _require_usable(response: httpx.Response) -> None:
    """What is left is the provider's answer to this very request, good or bad, and goes to who asked."""
    status = response.status_code
    if status in (401, 403):
        raise Problem(
            502,
            "Bad Gateway",
            "The AI provider does not accept the lab's key; an instructor starts it with another AI_UPSTREAM_KEY_FILE.",
        )
    if status < 200 or 300 <= status < 400:
        raise _trouble(f"answers with a redirect ({status}), which is not followed: AI_UPSTREAM_URL is to be corrected")
    if status >= 500:
        raise _trouble(f"failed with {status}; ask again in a moment")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise _trouble("compresses its answer although it was asked not to; AI_UPSTREAM_URL is to name another")


def _trouble(what: str) -> Problem:
    return Problem(502, "Bad Gateway", f"The AI provider {what}.")
