"""Which promotion a cart gets, and which ones run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
import kit
from anyio import to_thread
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from promotions.carts import Carts
from promotions.rules import PROMOTIONS, Decision, Promotion, decide

CartId = Annotated[str, Field(pattern=r"^c-[0-9a-f]{4,32}$", examples=["c-0017"])]


class Settings(kit.Settings):
    service: str = "promotions"
    checkout_url: str = "http://127.0.0.1:8403"
    checkout_timeout: float = Field(default=1.2, gt=0, description="seconds")
    workers: int = Field(default=12, ge=1, description="requests served at the same time")


class DecisionRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    cart_id: CartId


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    client = httpx.Client(
        base_url=settings.checkout_url,
        timeout=settings.checkout_timeout,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=settings.workers),
    )
    carts = Carts(client)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        workers = to_thread.current_default_thread_limiter()
        workers.total_tokens = settings.workers
        kit.watch_pool(settings.service, "workers", workers)
        with client:
            yield

    app = kit.create_app(settings, title="Promotions", lifespan=lifespan)

    @app.post("/decisions")
    def make_decision(request: DecisionRequest) -> Decision:
        """The promotion for a cart as it is now: a discount on its total, items that come free, or neither."""
        cart = carts.get(request.cart_id)
        return decide(cart.items, cart.total)

    @app.get("/promotions")
    def promotions() -> list[Promotion]:
        """The promotions that run, in order of precedence."""
        return PROMOTIONS

    return app
