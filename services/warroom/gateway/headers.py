"""Which headers pass, and whose token is replaced by which key. What is not listed stays out, in both directions."""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import SecretStr

Pair = tuple[bytes, bytes]
TO_UPSTREAM = (b"content-type", b"accept", b"anthropic-version", b"anthropic-beta")
TO_UPSTREAM_PREFIX = b"openai-"
TO_CLIENT = (b"content-type", b"cache-control", b"retry-after", b"request-id", b"x-request-id")


def tokens(headers: Mapping[str, str]) -> list[str]:
    """The tokens in the request: OpenAI's clients send a bearer token, Anthropic's `x-api-key` or either."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    found = [bearer if scheme.lower() == "bearer" else "", headers.get("x-api-key", "")]
    return [token.strip() for token in found if token.strip()]


def to_upstream(
    given: Iterable[Pair], path: str, key: SecretStr, auth: Literal["auto", "bearer", "x-api-key"]
) -> list[Pair]:
    """The client's headers that pass, and the lab's own."""
    passing = [(name, value) for name, value in given if name in TO_UPSTREAM or name.startswith(TO_UPSTREAM_PREFIX)]
    # Compressed, what passes could be neither bounded nor recorded as it comes.
    passing += [(b"accept-encoding", b"identity"), (b"user-agent", b"3am-lab")]
    if secret := key.get_secret_value().encode():
        anthropic = path == "/v1/messages" or any(name == b"anthropic-version" for name, _ in passing)
        if auth == "x-api-key" or (auth == "auto" and anthropic):
            passing.append((b"x-api-key", secret))
        else:
            passing.append((b"authorization", b"Bearer " + secret))
    return passing


def to_client(given: Iterable[Pair], key: SecretStr) -> list[Pair]:
    """The provider's headers that pass, none of which may hold the key."""
    secret = key.get_secret_value().encode()
    lower = ((name.lower(), value) for name, value in given)
    return [(name, value) for name, value in lower if name in TO_CLIENT and not (secret and secret in value)]
