"""What the shipping company knows about a parcel.

It has no book that we can see: status and tracking number follow from the order's id alone, so that two calls, or two
lives of the process, never disagree.
"""

import hashlib
from typing import Literal

from pydantic import BaseModel

Status = Literal["label_created", "in_transit", "out_for_delivery", "delivered", "returned"]

# In parts of 100, as they add up over a long history of orders: nearly all have arrived.
_SHARES: list[tuple[int, Status]] = [
    (84, "delivered"),
    (90, "in_transit"),
    (94, "out_for_delivery"),
    (97, "label_created"),
    (100, "returned"),
]


class Shipment(BaseModel):
    order_id: int
    status: Status
    tracking: str


def shipment(order_id: int) -> Shipment:
    digest = hashlib.blake2b(str(order_id).encode(), digest_size=8).digest()
    part = int.from_bytes(digest[:4]) % 100
    status = next(status for bound, status in _SHARES if part < bound)
    return Shipment(order_id=order_id, status=status, tracking=f"SP{int.from_bytes(digest[4:]):010d}")
