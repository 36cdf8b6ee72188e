"""A drill's log as the referee reads it."""

from collections.abc import Iterable

from lab.drill import event as happened
from lab.drill.event import Event
from lab.drill.facts import Case, Exchange, Window


def case(events: Iterable[Event], now: float) -> Case | None:
    """The latest drill's case as of `now`; None until its load has turned."""
    quiet: happened.Quiet | None = None
    triggered: float | None = None
    exchanges: list[Exchange] = []
    for one in events:
        match one.what:
            case happened.Armed():
                quiet, triggered, exchanges = None, None, []
            case happened.Quiet():
                quiet = one.what
            case happened.Triggered(late_s=late_s) if triggered is None:
                triggered = one.when.at - late_s
            case happened.Probed():
                exchanges.append(_exchange(one.what))
    if quiet is None or triggered is None:
        return None
    return Case(Window(quiet.since, quiet.until), Window(triggered, max(now, triggered)), tuple(exchanges))


def _exchange(what: happened.Probed) -> Exchange:
    return Exchange(**what.model_dump(exclude={"kind", "probe"}), id=what.probe)
