"""How long a drill gives to what, in seconds of its own time."""

from pydantic import BaseModel, ConfigDict, PositiveFloat

from lab.drill.phase import Phase


class Profile(BaseModel):
    """Caps of the phases. `delay` bounds the seeded time from arming to the trigger, `again` that from a mitigation to
    the next. `escalate` is how long a page may wait for somebody, `cooldown` what a wrong cause costs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    alerting: PositiveFloat
    dark_room: PositiveFloat
    ai_fix: PositiveFloat
    post_mortem: PositiveFloat
    delay: tuple[PositiveFloat, PositiveFloat]
    again: tuple[PositiveFloat, PositiveFloat]
    escalate: PositiveFloat
    cooldown: PositiveFloat

    def cap(self, phase: Phase) -> float | None:
        """Seconds that the phase may take; None for what waits for an event."""
        return {
            Phase.ALERTING: self.alerting,
            Phase.DARK_ROOM: self.dark_room,
            Phase.AI_FIX: self.ai_fix,
            Phase.POST_MORTEM: self.post_mortem,
        }.get(phase)
