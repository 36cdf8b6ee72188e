"""Times in which the lab tries fixes out on the customers: what happens to these then is nobody's on the team."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# Customers' fortunes are told by what they saw in so many seconds before, so a replay is in sight for that long.
SIGHT_S = 10.0


@dataclass(frozen=True)
class Judgement:
    """Unix times. What one has left behind, such as pools that do not come free, may last until `until`: the incident
    goes on then, whoever would have suffered from it."""

    begin: float
    end: float
    until: float

    def covers(self, at: float) -> bool:
        return self.begin <= at <= self.end + SIGHT_S


def covered(at: float, judgements: Iterable[Judgement]) -> bool:
    return any(one.covers(at) for one in judgements)


def apart(moments: Iterable[tuple[float, bool | None]], judgements: Sequence[Judgement]) -> Iterator[float]:
    """Of moments, each with whether customers were inside their SLO, those that no team answers for: while a judgement
    is in sight, and then until they are inside it for the first time."""
    lingering = False
    for at, inside in moments:
        latest = next((one for one in reversed(judgements) if one.begin <= at), None)
        if latest is None:
            continue
        lingering = latest.covers(at) or (lingering and inside is False and at < latest.until)
        if lingering:
            yield at


def back(now: float, seconds: float, judgements: Sequence[Judgement]) -> float:
    """Since when have so many seconds passed, without those that are covered? `judgements` are in order."""
    begin, left = now, seconds
    for one in reversed(judgements):
        between = begin - min(now, one.end + SIGHT_S)
        if between >= left:
            break
        left -= max(0.0, between)
        begin = min(begin, one.begin)
    return begin - left
