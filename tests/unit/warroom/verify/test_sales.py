"""A shop that is shut is seen to be so without a look at everything that cannot be seen then."""

import random

import httpx
import pytest
from warroom.verify import sales
from warroom.verify.company import Company

from lab.drill.verdict import Of


@pytest.mark.parametrize(("at_once", "of"), [(60, Of.INCIDENT), (0, Of.PROMISE)])
def test_a_shop_that_is_shut(at_once: int, of: Of):
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        raise httpx.ReadTimeout("nobody answers")

    with Company({"checkout": "http://checkout"}, "", transport=httpx.MockTransport(answer)) as company:
        (check,) = sales.check(company, random.Random(1), at_once)
    assert (check.passed, check.of, check.figure) == (False, of, sales.ORDERS)
    assert asked == ["/orders"] * sales.ORDERS
