"""The order history, which orders keeps."""

import httpx
from kit import Problem


class Recorder:
    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def record(self, order_id: str) -> None:
        """Has the order recorded; a Problem with 503 or 504 where that fails."""
        try:
            self._client.post("/records", json={"order_id": order_id}).raise_for_status()
        except httpx.TimeoutException as error:
            raise Problem(504, "Orders timed out", "The order was placed but not recorded yet; ask for it.") from error
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            raise Problem(503, "Orders unavailable", "The order was placed but not recorded; ask for it.") from error
