"""When customers of an ordinary day count as served."""

from collections import Counter
from dataclasses import dataclass

import pytest
from warroom.verify.served import until_served
from warroom.verify.view import Reading


@dataclass
class Shop:
    """Counters of the healthy load by a clock: `rate` answers a second, failing until `well_at`, late from there to
    `fast_at`."""

    rate: float = 21.0
    well_at: float = 0.0
    fast_at: float = 0.0
    now: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def read(self) -> Reading:
        failed = self.rate * min(self.now, self.well_at)
        fine = self.rate * self.now - failed
        fast = self.rate * max(0.0, self.now - max(self.well_at, self.fast_at))
        buckets: Counter = Counter()
        for status, within, all_ in (("200", fast, fine), ("504", 0.0, failed)):
            for bound, value in (("0.5", within), ("+Inf", all_)):
                labels = {"profile": "healthy", "route": "/", "service": "s", "status": status, "le": bound}
                buckets[tuple(sorted(labels.items()))] = value
        return Reading(buckets, Counter(), Counter())


def served(shop: Shop, within: float = 15.0) -> bool:
    return until_served(shop, lambda: None, within, clock=lambda: shop.now, sleep=shop.sleep)


def test_as_soon_as_they_were_for_three_seconds():
    assert served(shop := Shop()) and shop.now == 3.0


@pytest.mark.parametrize("shop", [Shop(well_at=6.0), Shop(fast_at=6.0)])
def test_what_was_bad_before_is_waited_for(shop: Shop):
    assert served(shop) and 8.5 <= shop.now <= 9.5


@pytest.mark.parametrize("shop", [Shop(well_at=60.0), Shop(fast_at=60.0), Shop(rate=0.0), Shop(rate=10.0)])
def test_who_is_not_served_is_not_waited_for_without_end(shop: Shop):
    assert not served(shop) and shop.now <= 16.0


def test_whoever_waits_may_be_called_away():
    class Away(Exception): ...

    def require() -> None:
        raise Away

    with pytest.raises(Away):
        until_served(Shop(), require, 15.0)
