"""Whether anybody still waits for an answer."""

import asyncio

from fastapi import Request

# What the server has read from a connection reaches the request step by step.
STEPS = 3


async def hung_up(request: Request) -> bool:
    """True for a caller that has gone; its work need not be begun."""
    for _ in range(STEPS):
        await asyncio.sleep(0)
    return await request.is_disconnected()
