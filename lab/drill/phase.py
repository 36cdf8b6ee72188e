"""What a drill goes through."""

from enum import StrEnum


class Phase(StrEnum):
    IDLE = "idle"
    ARMED = "armed"
    ALERTING = "alerting"
    DARK_ROOM = "dark-room"
    AI_FIX = "ai-fix"
    POST_MORTEM = "post-mortem"
    CLOSED = "closed"
    ABORTED = "aborted"

    @property
    def running(self) -> bool:
        """Is a drill under way?"""
        return self not in (Phase.IDLE, Phase.CLOSED, Phase.ABORTED)

    @property
    def timed(self) -> bool:
        """Does the drill's clock run in it?"""
        return self.running and self is not Phase.ARMED


FOLLOWING = {
    Phase.ALERTING: Phase.DARK_ROOM,
    Phase.DARK_ROOM: Phase.AI_FIX,
    Phase.AI_FIX: Phase.POST_MORTEM,
    Phase.POST_MORTEM: Phase.CLOSED,
}
