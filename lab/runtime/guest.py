"""A lab that runs elsewhere, under whoever leads the drill: it is spoken to from here, and neither started nor ended.

LAB_URL is where its war room is, as it is seen from here; its other ports lie beside that as they do there. LAB_TOKEN
says who asks.
"""

import os
import re
from collections.abc import Iterator, Sequence
from typing import NoReturn
from urllib.parse import urlsplit

import httpx

from lab.errors import UsageError
from lab.runtime.base import Progress, Status, UnknownService, Whose
from lab.runtime.ports import OF_CONTAINERS, OFFSETS

URL, TOKEN = "LAB_URL", "LAB_TOKEN"
PROBE_S = 2.0
KNOWN = {name: offset for name, offset in (OFFSETS | OF_CONTAINERS).items() if name != "postgres"}


class GuestRuntime:
    kind = "guest"

    def __init__(self, name: str, url: str, *, transport: httpx.BaseTransport | None = None):
        """Raises UsageError if `url` is not one of a war room."""
        self.name = name
        self._transport = transport
        self._url = url.rstrip("/")
        try:
            parts = urlsplit(self._url)
            self._scheme, self._host, self._base = parts.scheme, parts.hostname, parts.port
        except ValueError:
            self._base = None
        if not self._base or not self._host or self._scheme not in ("http", "https") or parts.path:
            raise UsageError(f"{URL} is {url!r}, no war room's address: write it as http://127.0.0.1:8400.")

    def exists(self) -> bool:
        return True

    def endpoint(self, service: str) -> str:
        """For postgres it is the war room, which puts a query to the database for whoever has a token."""
        if service == "postgres":
            return f"{self._url}/api/sql"
        if service == "traces":
            service = "jaeger" if self._answers(self._at("jaeger")) else "telemetry"
        return self._at("telemetry" if service == "logs" else service)

    def token(self, whose: Whose) -> str:
        """The one there is: the war room knows whose it is."""
        token = os.environ.get(TOKEN, "").strip()
        if not re.fullmatch(r"[\x21-\x7e]+", token):
            raise UsageError(f"{TOKEN} holds no token; whoever leads the drill has one for you: labctl token team.")
        return token

    def _at(self, service: str) -> str:
        if service not in KNOWN:
            raise UnknownService(service, list(KNOWN))
        host = f"[{self._host}]" if ":" in str(self._host) else self._host
        return f"{self._scheme}://{host}:{self._base + KNOWN[service]}"

    def _answers(self, url: str) -> bool:
        """A port that is passed on takes connections whether or not anybody is behind it."""
        try:
            with httpx.Client(timeout=PROBE_S, trust_env=False, transport=self._transport) as client:
                return client.get(f"{url}/api/services").is_success
        except httpx.HTTPError:
            return False

    # what is not a guest's

    def refuse(self) -> NoReturn:
        raise UsageError(
            f"The lab runs elsewhere, at {self._url}: that is for whoever runs it; unset {URL} for a lab of your own."
        )

    def up(self, progress: Progress, *, load: bool = True, port_base: int | None = None) -> None:
        self.refuse()

    def down(self, progress: Progress, *, purge: bool = False) -> None:
        self.refuse()

    def restart(self, services: Sequence[str], progress: Progress) -> None:
        self.refuse()

    def stop(self, services: Sequence[str]) -> None:
        self.refuse()

    def restore(self) -> None:
        self.refuse()

    def status(self) -> Status:
        self.refuse()

    def logs(self, service: str, *, follow: bool = False) -> Iterator[str]:
        self.refuse()
