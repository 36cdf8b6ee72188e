"""Carts, which belong to checkout."""

from decimal import Decimal

from pydantic import BaseModel

from promotions.rules import Item


class Cart(BaseModel):
    cart_id: str
    items: list[Item]
    total: Decimal
