"""What customers are charged for: lines with decimal amounts, and the same charge sent again.

Sales tax is 7.25 % = 29/400, so a line's tax falls exactly between two cents when its net amount in cents is 200
modulo 400. Amounts are drawn with or without such ties; the rule for them (half up, per line) is in the team spec.
"""

import random
import uuid
from dataclasses import dataclass

GOODS = ("Freight", "Storage", "Handling", "Packaging", "Insurance", "Customs", "Returns", "Support")
REMEMBERED = 200


@dataclass(frozen=True)
class Charge:
    key: str
    account: str
    lines: tuple[tuple[str, int], ...]  # description, net amount in cents

    def body(self) -> dict:
        """The request's body: net amounts as decimal strings."""
        return {
            "account": self.account,
            "lines": [{"description": text, "net": f"{cents // 100}.{cents % 100:02d}"} for text, cents in self.lines],
        }


def is_tie(cents: int) -> bool:
    """Whether the tax on `cents` at 7.25 % ends in exactly half a cent."""
    return cents % 400 == 200


class ChargeBook:
    """Draws charges, and draws some of the answered ones once more, as a customer does who lost the answer.

    whole_units: share of lines that are whole units (a price list); the others are random cents, never a tie.
    retries: share of draws that repeat an answered charge. shuffled: whether a repeat lists its lines in another order.
    largest: whole units that a line comes to at most.
    """

    def __init__(
        self,
        rng: random.Random,
        accounts: tuple[str, ...],
        *,
        lines: tuple[int, int],
        whole_units: float,
        retries: float,
        shuffled: bool,
        largest: int = 900,
    ) -> None:
        self._rng = rng
        self._accounts = accounts
        self._lines = lines
        self._whole_units = whole_units
        self._retries = retries
        self._shuffled = shuffled
        self._largest = largest
        self._answered: dict[str, Charge] = {}  # the latest of them, by key

    def draw(self) -> Charge:
        if self._answered and self._rng.random() < self._retries:
            return self._again(self._rng.choice(list(self._answered.values())))
        rng = self._rng
        lines = tuple((rng.choice(GOODS), self._net()) for _ in range(rng.randint(*self._lines)))
        # The key is not of the seed: a charge of another day with the same lines is another charge.
        return Charge(str(uuid.uuid4()), rng.choice(self._accounts), lines)

    def answered(self, charge: Charge) -> None:
        """Billing said yes: from now on it may be sent again."""
        self._answered.setdefault(charge.key, charge)
        if len(self._answered) > REMEMBERED:
            del self._answered[next(iter(self._answered))]

    def _net(self) -> int:
        if self._rng.random() < self._whole_units:
            return 100 * self._rng.randint(1, self._largest)
        while is_tie(cents := self._rng.randint(101, 100 * self._largest - 1)):
            pass
        return cents

    def _again(self, charge: Charge) -> Charge:
        if not self._shuffled:
            return charge
        lines = self._rng.sample(charge.lines, k=len(charge.lines))
        return Charge(charge.key, charge.account, tuple(lines))
