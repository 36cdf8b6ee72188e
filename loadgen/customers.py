"""What the customers of a profile do when they arrive. Draws are seeded, so the same seed asks for the same things."""

import itertools
import json
import random
from collections import deque
from typing import Any, Protocol

from loadgen.catalogue import BILLED_ACCOUNTS, CARTS, ORDERING_ACCOUNTS, SKUS
from loadgen.charges import ChargeBook
from loadgen.profiles import BatchExport, Profile


class Reply(Protocol):
    ok: bool
    body: bytes


class Client(Protocol):
    def call(
        self,
        service: str,
        method: str,
        route: str,
        *,
        path: str | None = None,
        json: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Reply: ...


class Customers:
    """One method for each action that a profile's streams name."""

    def __init__(self, client: Client, profile: Profile, seed: int) -> None:
        self._client = client
        self._profile = profile
        self._rng = rng = random.Random(f"{seed}/customers")
        self._charges = ChargeBook(
            rng,
            BILLED_ACCOUNTS,
            lines=(profile.charging.min_lines, profile.charging.max_lines),
            whole_units=profile.charging.whole_units,
            retries=profile.charging.retries,
            shuffled=profile.charging.shuffled,
            largest=profile.charging.largest,
        )
        self._receipts: deque[str] = deque(maxlen=200)
        self._carts = itertools.cycle(rng.sample(CARTS, len(CARTS)))

    def charge(self) -> None:
        charge = self._charges.draw()
        reply = self._client.call(
            "billing", "POST", "/charges", json=charge.body(), headers={"Idempotency-Key": charge.key}
        )
        if reply.ok:
            self._charges.answered(charge)
            self._receipts.append(json.loads(reply.body)["charge_id"])

    def balance(self) -> None:
        self._client.call("billing", "GET", "/accounts/{id}", path=f"/accounts/{self._rng.choice(BILLED_ACCOUNTS)}")

    def receipt(self) -> None:
        if not self._receipts:
            self.balance()
            return
        self._client.call("billing", "GET", "/charges/{id}", path=f"/charges/{self._rng.choice(self._receipts)}")

    def checkout(self) -> None:
        self._client.call("checkout", "POST", "/orders", json={"cart_id": next(self._carts)})

    def order_page(self) -> None:
        account = self._rng.choice(ORDERING_ACCOUNTS)
        self._client.call("orders", "GET", "/accounts/{account}/orders", path=f"/accounts/{account}/orders?limit=3")

    def stock_level(self) -> None:
        self._client.call("inventory", "GET", "/stock/{sku}", path=f"/stock/{self._rng.choice(SKUS)}")

    def promotion_list(self) -> None:
        self._client.call("promotions", "GET", "/promotions")

    def export(self) -> None:
        assert isinstance(self._profile, BatchExport)
        accounts = self._rng.sample(ORDERING_ACCOUNTS, self._profile.accounts)
        self._client.call(
            "orders", "POST", "/exports", json={"accounts": accounts, "per_account": self._profile.per_account}
        )
