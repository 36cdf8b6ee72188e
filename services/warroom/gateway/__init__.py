"""The AI gateway: a door in front of an AI provider that the drill's rules open and shut.

`/v1/messages` (Anthropic), `/v1/chat/completions` and `/v1/responses` (OpenAI) and `/v1/models` go to the provider that
the settings name, with the lab's key in place of the team's token. What is asked and answered, or refused, is written
into the drill's log, and the instructor can watch it as it passes.
"""

from warroom.gateway.briefing import briefing
from warroom.gateway.gateway import Gateway
from warroom.gateway.record import Drills
from warroom.gateway.routes import routes
from warroom.gateway.settings import AiSettings

__all__ = ["AiSettings", "Drills", "Gateway", "briefing", "routes"]
