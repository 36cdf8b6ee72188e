"""A service that asks `back`, by a blocking and by an asynchronous client."""

import httpx
import kit
from fastapi import FastAPI


class Settings(kit.Settings):
    back_url: str


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    app = kit.create_app(settings, title="Front")

    @app.get("/shop/{id}")
    def shop(id: int) -> dict:
        with httpx.Client(base_url=settings.back_url) as client:
            return client.get(f"/items/{id}").json()

    @app.get("/shop/{id}/later")
    async def later(id: int) -> dict:
        async with httpx.AsyncClient(base_url=settings.back_url) as client:
            return (await client.get(f"/items/{id}/later")).json()

    return app
