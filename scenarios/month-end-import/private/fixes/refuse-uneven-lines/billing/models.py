"""What callers may send."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool

MAX_LINES = 100
MAX_ENTRIES = 500
BIGINT = 2**63 - 1


def _more_than_zero(amount: str) -> str:
    if Decimal(amount) <= 0:
        raise ValueError("must be more than 0")
    return amount


def _not_zero(amount: str) -> str:
    if Decimal(amount) == 0:
        raise ValueError("must not be 0")
    return amount


NetAmount = Annotated[
    str, Field(pattern=r"^[0-9]{1,10}(\.[0-9]{1,2})?$", examples=["12.34"]), AfterValidator(_more_than_zero)
]
SignedAmount = Annotated[
    str, Field(pattern=r"^-?[0-9]{1,10}(\.[0-9]{1,2})?$", examples=["-0.01"]), AfterValidator(_not_zero)
]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$", examples=["Freight"])]
Key = Annotated[str, Field(examples=["inv-2041"], pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
AccountId = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$", examples=["a-017"])]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _taxed_to_the_cent(amount: str) -> str:
    # 7.25 % of 200 cents, and of every 400 more, ends in half a cent.
    if Decimal(amount) * 100 % 400 == 200:
        raise ValueError("has a tax that ends in half a cent; split the line")
    return amount


class Line(Body):
    """One line of an invoice; `net` is a decimal string, before tax."""

    description: Text
    net: Annotated[NetAmount, AfterValidator(_taxed_to_the_cent)]


class ChargeRequest(Body):
    account: AccountId
    lines: Annotated[list[Line], Field(min_length=1, max_length=MAX_LINES)]


class Entry(Body):
    """A correction of one charge. `account` is only needed for a charge that billing does not know."""

    charge_key: Key
    amount: SignedAmount
    reason: Text
    account: AccountId | None = None


class AdjustmentRequest(Body):
    idempotency_key: Key
    dry_run: StrictBool = True
    entries: Annotated[list[Entry], Field(min_length=1, max_length=MAX_ENTRIES)]
