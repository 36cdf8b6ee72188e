"""Asks for many keys at once what callers ask for key by key."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from itertools import islice
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Loader(Generic[Key, Value]):
    """Keys that are asked for in the same turn of the loop, or while a call is under way, make up the next one.

    A key is asked for anew once its call has begun: nobody gets an answer that is older than the question.
    """

    def __init__(self, fetch: Callable[[list[Key]], Awaitable[Mapping[Key, Value]]], *, size: int) -> None:
        """`fetch` has a value for every key, or raises; it is given `size` of them at most."""
        self._fetch = fetch
        self._size = size
        self._waiting: dict[Key, asyncio.Future[Value]] = {}
        self._running: asyncio.Task[None] | None = None

    def load(self, key: Key) -> asyncio.Future[Value]:
        """What will be the key's value, or what `fetch` raised."""
        if key not in self._waiting:
            loop = asyncio.get_running_loop()
            if not self._waiting:
                loop.call_soon(self._begin)
            self._waiting[key] = loop.create_future()
        # One caller's leaving does not concern the others.
        return asyncio.shield(self._waiting[key])

    def _begin(self) -> None:
        if self._waiting and self._running is None:
            keys = list(islice(self._waiting, self._size))
            self._running = asyncio.create_task(self._call({key: self._waiting.pop(key) for key in keys}))

    async def _call(self, asked: dict[Key, asyncio.Future[Value]]) -> None:
        try:
            found = await self._fetch(list(asked))
            for key, future in asked.items():
                future.set_result(found[key])
        except Exception as error:
            # Those that wait behind a call that failed need not wait for the same failure.
            waiting, self._waiting = self._waiting, {}
            for future in [*asked.values(), *waiting.values()]:
                if not future.done():
                    future.set_exception(error)
        finally:
            self._running = None
            self._begin()
