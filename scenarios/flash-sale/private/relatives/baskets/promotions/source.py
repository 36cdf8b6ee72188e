"""Where baskets come from."""

import httpx
from kit import Problem
from pydantic import ValidationError

from promotions.carts import Basket


class Source:
    def __init__(self, upstream: httpx.Client) -> None:
        self._upstream = upstream

    def fetch(self, key: str) -> Basket:
        """The basket as it is now; a Problem with 404, 502, 503 or 504 where there is none to be had."""
        try:
            answer = self._upstream.request("GET", "/".join(("", "carts", key)))
        except httpx.TimeoutException as late:
            raise Problem(504, "Basket late", "The basket did not come in time; try again.") from late
        except httpx.TransportError as lost:
            raise Problem(503, "Basket unreachable", "The basket can't be had now; try again shortly.") from lost
        if answer.status_code in (404, 503, 504):
            raise Problem(answer.status_code, "No basket", f"There is no basket {key} to be had; check its id.")
        try:
            return Basket.model_validate_json(answer.raise_for_status().content)
        except (httpx.HTTPStatusError, ValidationError) as nonsense:
            raise Problem(502, "Bad basket", "What came was not a basket; see checkout's log.") from nonsense
