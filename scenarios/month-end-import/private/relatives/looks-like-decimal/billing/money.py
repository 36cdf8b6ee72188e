"""Money as a number that knows its cents."""


class Money(float):
    """An amount; `quantize` brings it to the cent."""

    def __add__(self, other: float) -> "Money":
        return Money(super().__add__(other))

    def __mul__(self, factor: float) -> "Money":
        return Money(super().__mul__(factor))

    def quantize(self, places: int = 2) -> "Money":
        return Money(round(self, places))
