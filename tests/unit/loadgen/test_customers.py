import json
from dataclasses import dataclass, field

import pytest

from loadgen.customers import Customers
from loadgen.settings import Settings


@dataclass
class Reply:
    ok: bool = True
    body: bytes = b'{"charge_id": "ch-1"}'


@dataclass
class Recorder:
    """A client that notes each call and answers with `reply`."""

    reply: Reply = field(default_factory=Reply)
    calls: list[tuple] = field(default_factory=list)

    def call(self, service, method, route, *, path=None, json=None, headers=None):
        self.calls.append((service, method, route, path or route, json, headers))
        return self.reply


def customers(profile: str, client: Recorder, seed: int = 5) -> Customers:
    return Customers(client, Settings().profiles[profile], seed)


def test_a_charge_carries_its_key_and_its_lines():
    client = Recorder()
    customers("healthy", client).charge()
    service, method, route, _, body, headers = client.calls[0]
    assert (service, method, route) == ("billing", "POST", "/charges")
    assert body["lines"] and headers["Idempotency-Key"]


def test_a_refused_charge_is_not_sent_again():
    client = Recorder(Reply(ok=False, body=b""))
    visitors = customers("month-end-import", client)
    for _ in range(300):
        visitors.charge()
    keys = [call[5]["Idempotency-Key"] for call in client.calls]
    assert len(set(keys)) == len(keys)


def test_a_receipt_is_looked_up_only_after_a_charge():
    client = Recorder()
    visitors = customers("healthy", client)
    visitors.receipt()
    visitors.charge()
    visitors.receipt()
    assert [call[2] for call in client.calls] == ["/accounts/{id}", "/charges", "/charges/{id}"]
    assert client.calls[2][3] == "/charges/ch-1"


def test_checkouts_walk_through_all_carts():
    client = Recorder()
    visitors = customers("flash-sale", client)
    for _ in range(96):
        visitors.checkout()
    assert len({call[4]["cart_id"] for call in client.calls}) == 96


def test_an_export_asks_for_many_orders_at_once():
    client = Recorder()
    customers("batch-export", client).export()
    body = client.calls[0][4]
    assert len(set(body["accounts"])) * body["per_account"] >= 150


@pytest.mark.parametrize("seeds, same", [((1, 1), True), ((1, 2), False)])
def test_the_seed_decides_what_is_asked(seeds, same):
    asked = []
    for seed in seeds:
        client = Recorder()
        visitors = customers("healthy", client, seed)
        for _ in range(20):
            visitors.charge()
            visitors.order_page()
        asked.append(json.dumps([call[:5] for call in client.calls]))
    assert (asked[0] == asked[1]) is same
