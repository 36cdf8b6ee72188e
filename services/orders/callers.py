"""Whether anybody still waits for an answer."""

import asyncio

from fastapi import Request

# A connection's end is read, handled and told to the request in turns of the loop that follow each other.
TURNS = 3


async def hung_up(request: Request) -> bool:
    """True for a caller that has gone; its work need not be begun."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
    return await request.is_disconnected()
