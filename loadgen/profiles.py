"""The load profiles: rates in arrivals a second, sizes and intervals. Data; what customers do is in `customers`.

Every figure can be set by the environment (`FLASH_SALE__SIZE=48`) or in the body of `POST /profiles/{name}/start`.
"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from loadgen.timetable import Burst, Steady

Rate = Annotated[float, Field(gt=0, le=200)]
Count = Annotated[int, Field(gt=0, le=1_000)]
Interval = Annotated[float, Field(gt=0, le=3_600)]
Share = Annotated[float, Field(ge=0, le=1)]


class Charging(BaseModel):
    """How a profile's charges look; see `charges.ChargeBook`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_lines: Count = 1
    max_lines: Count = 4
    whole_units: Share = 0.0
    retries: Share = 0.1
    shuffled: bool = False
    largest: Annotated[int, Field(gt=0, le=1_000_000)] = 900

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_lines > self.max_lines:
            raise ValueError(f"min_lines ({self.min_lines}) is above max_lines ({self.max_lines})")
        return self


class Profile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    charging: Charging = Charging()

    def streams(self) -> list[Steady | Burst]:
        raise NotImplementedError


class Healthy(Profile):
    """An ordinary day: small charges, page views, checkouts. Retries repeat a charge as it was."""

    checkouts: Rate = 7.0
    charges: Rate = 3.0
    balances: Rate = 1.0
    receipts: Rate = 1.0
    order_pages: Rate = 6.0
    stock_levels: Rate = 2.0
    promotion_lists: Rate = 1.0

    def streams(self) -> list[Steady | Burst]:
        rates = {
            "checkout": self.checkouts,
            "order_page": self.order_pages,
            "charge": self.charges,
            "balance": self.balances,
            "receipt": self.receipts,
            "stock_level": self.stock_levels,
            "promotion_list": self.promotion_lists,
        }
        # phases apart, so that the streams do not all begin in the same instant
        return [Steady(action, rate, phase=n / len(rates)) for n, (action, rate) in enumerate(rates.items())]


class MonthEndImport(Profile):
    """A customer's book-keeping posts its month: long charges off a price list, sent again when in doubt."""

    charging: Charging = Charging(min_lines=6, max_lines=8, whole_units=0.5, retries=0.15, shuffled=True)
    charges: Rate = 8.0

    def streams(self) -> list[Steady | Burst]:
        return [Steady("charge", self.charges)]


class AnnualInvoices(Profile):
    """Large customers are invoiced for a year: few charges, of amounts that nobody sees on other days."""

    charging: Charging = Charging(min_lines=4, max_lines=8, largest=90_000)
    charges: Rate = 1.5

    def streams(self) -> list[Steady | Burst]:
        return [Steady("charge", self.charges)]


class FlashSale(Profile):
    """Everybody orders at the stroke of the hour."""

    size: Count = 18
    interval_s: Interval = 45.0

    def streams(self) -> list[Steady | Burst]:
        return [Burst("checkout", self.size, self.interval_s)]


class BatchExport(Profile):
    """A partner's nightly job asks for the orders of many accounts in one request."""

    exports: Count = 1  # at the same time
    interval_s: Interval = 7.0
    accounts: Count = 18
    per_account: Count = 10

    def streams(self) -> list[Steady | Burst]:
        return [Burst("export", self.exports, self.interval_s)]
