"""What was asked of AI, and what it said: two events, since the room may be killed in between."""

from collections.abc import Iterable, Sequence

from lab.drill import event as happened
from lab.drill.event import Event

# Of an answer of which nobody knows any more how much of it passed.
UNANSWERED = 0


def under_way(events: Iterable[Event]) -> list[str]:
    """Exchanges that were forwarded and of which the log does not say what came back."""
    found: dict[str, None] = {}
    for one in events:
        if isinstance(one.what, happened.Asked) and one.what.exchange:
            found[one.what.exchange] = None
        elif isinstance(one.what, happened.Answered):
            found.pop(one.what.exchange, None)
    return list(found)


def exchanges(events: Sequence[Event]) -> list[happened.Asked]:
    """Each that was asked or refused, with its answer where that is on the log."""
    answers = {one.what.exchange: one.what for one in events if isinstance(one.what, happened.Answered)}
    return [_whole(one.what, answers) for one in events if isinstance(one.what, happened.Asked)]


def unanswered(events: Iterable[Event]) -> int:
    return sum(isinstance(one.what, happened.Answered) and one.what.status == UNANSWERED for one in events)


def _whole(asked: happened.Asked, answers: dict[str, happened.Answered]) -> happened.Asked:
    answer = answers.get(asked.exchange)
    return asked.model_copy(update={"answer": answer.answer, "status": answer.status}) if answer else asked
