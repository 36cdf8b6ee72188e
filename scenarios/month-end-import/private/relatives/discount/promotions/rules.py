"""The promotions that run, and which one a cart gets."""

from decimal import Decimal

from pydantic import BaseModel


class Item(BaseModel):
    sku: str
    quantity: int


class Decision(BaseModel):
    promotion: str | None = None
    discount: Decimal = Decimal("0.00")
    free_items: list[Item] = []


class Promotion(BaseModel):
    """A promotion applies when the cart reaches `min_total`, and holds `min_quantity` of `sku` if one is named."""

    code: str
    title: str
    min_total: Decimal = Decimal("0.00")
    sku: str | None = None
    min_quantity: int = 1
    percent: Decimal = Decimal(0)
    free_item: Item | None = None

    def applies(self, items: list[Item], total: Decimal) -> bool:
        bought = {item.sku: item.quantity for item in items}
        return total >= self.min_total and (self.sku is None or bought.get(self.sku, 0) >= self.min_quantity)

    def decision(self, total: Decimal) -> Decision:
        discount = Decimal(str(round(float(total) * float(self.percent) / 100, 2)))
        return Decision(
            promotion=self.code, discount=discount, free_items=[self.free_item] if self.free_item is not None else []
        )


# In order of precedence: a cart gets the first that applies.
PROMOTIONS = [
    Promotion(
        code="LANTERN",
        title="A spare wick with two lanterns",
        sku="sku-0007",
        min_quantity=2,
        free_item=Item(sku="sku-0200", quantity=1),
    ),
    Promotion(
        code="CAMPFIRE",
        title="A mug and 5 % off from 250.00",
        min_total=Decimal("250.00"),
        percent=Decimal(5),
        free_item=Item(sku="sku-0199", quantity=1),
    ),
    Promotion(code="SPRING10", title="10 % off from 100.00", min_total=Decimal("100.00"), percent=Decimal(10)),
]


def decide(items: list[Item], total: Decimal) -> Decision:
    """The decision for a cart with these items and this total before any discount."""
    for promotion in PROMOTIONS:
        if promotion.applies(items, total):
            return promotion.decision(total)
    return Decision()
