"""Decisions that were made before."""

import threading
import time
from collections.abc import Iterable

from inventory.promotions import Decision, Promotions

KEPT = 300  # seconds, the time after which a change of the promotions shows


class Decisions:
    """Asks promotions once for carts that hold the same products."""

    def __init__(self, promotions: Promotions) -> None:
        self._promotions = promotions
        self._lock = threading.Lock()
        self._made: dict[frozenset[str], tuple[float, Decision]] = {}

    def decide(self, cart_id: str, skus: Iterable[str]) -> Decision:
        """What the cart gets; a Problem as from Promotions where that can't be found out."""
        key = frozenset(skus)
        with self._lock:
            made = self._made.get(key)
        if made and time.monotonic() - made[0] < KEPT:
            return made[1]
        decision = self._promotions.decide(cart_id)
        with self._lock:
            self._made[key] = time.monotonic(), decision
        return decision
