import httpx
import kill
import pytest


def charged(answers: list[int | None]) -> kill.CarefulCustomer:
    """One charge to a billing that gives these answers in turn (None: none at all) and is over with the last."""
    customer = kill.CarefulCustomer("http://billing")
    customer._over.wait = lambda seconds: None
    left = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        code = next(left)
        if left.__length_hint__() == 0:
            customer._over.set()
        if code is None:
            raise httpx.ConnectError("no")
        return httpx.Response(code)

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        customer._charge(http, "k", {})
    return customer


@pytest.mark.parametrize(
    ("answers", "answered", "refused"),
    [
        ([201], ["k"], []),
        ([None, 503, 200], ["k"], []),
        ([422, 422], [], ["k"]),
        ([503, None], [], []),  # billing never said yes, and it is over
    ],
)
def test_a_charge_ends_with_an_answer_or_with_the_benchmark(answers, answered: list[str], refused: list[str]):
    customer = charged(answers)
    assert (customer.answered, customer.refused) == (answered, refused)
