from collections import Counter

from partner.shipments import shipment


def test_a_shipment_follows_from_its_order_alone() -> None:
    # Written down, so that a change of the rule (or of Python's hashing) can't pass unseen.
    assert shipment(1).model_dump() == {"order_id": 1, "status": "delivered", "tracking": "SP2679781238"}
    assert shipment(20000).model_dump() == {"order_id": 20000, "status": "delivered", "tracking": "SP2052280997"}


def test_every_status_is_met_and_most_parcels_have_arrived() -> None:
    seen = Counter(shipment(order_id).status for order_id in range(1, 2001))
    assert set(seen) == {"label_created", "in_transit", "out_for_delivery", "delivered", "returned"}
    assert 0.8 < seen["delivered"] / 2000 < 0.88
