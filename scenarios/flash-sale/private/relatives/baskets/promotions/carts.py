"""What a basket holds."""

from decimal import Decimal

from pydantic import BaseModel

from promotions.rules import Item


class Basket(BaseModel):
    cart_id: str
    items: list[Item]
    total: Decimal
