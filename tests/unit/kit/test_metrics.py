"""Pools as the scrape sees them: looked at anew each time, from another thread than the loop's."""

from types import SimpleNamespace

import anyio
import kit
from anyio import CapacityLimiter, to_thread
from prometheus_client import REGISTRY


def shown(pool: str) -> tuple[float | None, ...]:
    labels = {"service": "shop", "pool": pool}
    return tuple(REGISTRY.get_sample_value(f"worker_pool_{name}", labels) for name in ("size", "in_use", "waiting"))


def test_workers() -> None:
    async def go() -> None:
        limiter = CapacityLimiter(2)
        kit.watch_pool("shop", "workers", limiter)
        seen = [await to_thread.run_sync(shown, "workers", limiter=CapacityLimiter(1))]
        done = anyio.Event()

        async def work() -> None:
            async with limiter:
                await done.wait()

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(work)
            await anyio.wait_all_tasks_blocked()
            seen.append(await to_thread.run_sync(shown, "workers", limiter=CapacityLimiter(1)))
            limiter.total_tokens = 3
            await anyio.wait_all_tasks_blocked()
            seen.append(shown("workers"))
            done.set()
        assert seen == [(2, 0, 0), (2, 2, 3), (3, 3, 2)]

    anyio.run(go)


def test_connections() -> None:
    stats = {"pool_max": 8, "pool_size": 5, "pool_available": 5, "requests_waiting": 0}
    kit.watch_pool("shop", "database", SimpleNamespace(get_stats=lambda: stats))
    assert shown("database") == (8, 0, 0)
    stats |= {"pool_size": 8, "pool_available": 1, "requests_waiting": 4}
    assert shown("database") == (8, 7, 4)
