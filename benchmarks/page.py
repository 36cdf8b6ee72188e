"""The war room's page: from a page that is delivered to its ringing, its first load, and what viewers cost."""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
from cpu import seconds
from playwright.sync_api import Browser
from support.driving import Lab, arguments, figure, report, say

from lab.runtime.state import State
from tests.browsers import chromium

VIEWERS, FEW = 20, 5
RANG = """
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
  window.rang ??= Date.now();
  return start.apply(this, when);
};
"""
LOADED = """() => {
  const live = document.querySelector("#bar .dot")?.textContent === "live";
  return live && document.querySelector(".golden svg path") ? performance.now() : 0;
}"""


def deliver(lab: Lab, token: str) -> None:
    """A page as Alertmanager brings it. The war room ends it by itself, since Alertmanager knows of no such alert."""
    alert = {
        "status": "firing",
        "labels": {"alertname": "Benchmark", "service": "nobody", "severity": "warning"},
        "annotations": {"summary": "benchmarks/page.py rings the pager"},
        "startsAt": datetime.now(UTC).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": f"{time.time_ns():016x}"[-16:],
    }
    body = {"receiver": "warroom", "status": "firing", "version": "4", "alerts": [alert]}
    headers = {"Authorization": f"Bearer {token}"}
    httpx.post(f"{lab.url('warroom')}/webhooks/alertmanager", json=body, headers=headers).raise_for_status()


def ringing(lab: Lab, browser: Browser, tokens: Path) -> float:
    """Seconds from the page's delivery, by the war room's clock, to the first note."""
    page = browser.new_page()
    page.add_init_script(RANG)
    page.goto(lab.url("warroom"))
    page.wait_for_function(LOADED)
    page.get_by_role("button", name="Turn the sound on").click()
    page.get_by_role("button", name="Sound is on").wait_for()
    before = {one["id"] for one in lab.pages()}
    deliver(lab, (tokens / "webhook").read_text().strip())
    rang = page.wait_for_function("() => window.rang").json_value() / 1000
    (new,) = [one for one in lab.pages() if one["id"] not in before and one["alertname"] == "Benchmark"]
    page.close()
    headers = {"Authorization": f"Bearer {(tokens / 'team').read_text().strip()}"}
    httpx.post(f"{lab.url('warroom')}/api/pages/{new['id']}/ack", headers=headers).raise_for_status()
    return rang - datetime.fromisoformat(new["delivered_at"]).timestamp()


def loading(lab: Lab, browser: Browser) -> float:
    """Seconds from the navigation, with nothing cached, until the page is live and has drawn its charts."""
    page = browser.new_page()
    page.goto(lab.url("warroom"))
    took = page.wait_for_function(LOADED).json_value() / 1000
    page.close()
    return took


async def watched(url: str, viewers: int, span: float) -> int:
    """How many ticks of the charts all viewers together were told in that time."""
    told = 0

    async def view(client: httpx.AsyncClient) -> None:
        nonlocal told
        async with client.stream("GET", f"{url}/api/live") as response:
            async for line in response.aiter_lines():
                told += line == "event: signals"

    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=None, limits=httpx.Limits()))
        watching = [asyncio.create_task(view(client)) for _ in range(viewers)]
        await asyncio.sleep(span)
        for one in watching:
            one.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
    return told


def resident(pid: int) -> float:
    """MB of the largest of its processes: the parent that forks it, or the one that serves."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return max(one.memory_info().rss for one in family) / 1e6


def main() -> None:
    options = arguments(__doc__, times=5, seconds=30.0)
    lab = Lab.attach(options.name)
    tokens, url = State(options.name).tokens, lab.url("warroom")
    (pid,) = [one["pid"] for one in lab.status()["services"] if one["name"] == "warroom"]

    say("what it costs without viewers")
    before, began = seconds(pid, set()), time.monotonic()
    time.sleep(options.seconds)
    alone = 100 * (seconds(pid, set()) - before) / (time.monotonic() - began)

    say(f"{VIEWERS} viewers")
    before, began = seconds(pid, set()), time.monotonic()
    told = asyncio.run(watched(url, VIEWERS, options.seconds))
    span = time.monotonic() - began
    cost = 100 * (seconds(pid, set()) - before) / span

    with chromium() as browser:
        say("first load")
        loads = [loading(lab, browser) for _ in range(options.times)]
        say(f"{FEW} viewers in browsers")
        pages = [browser.new_page() for _ in range(FEW)]
        for page in pages:
            page.goto(url)
            page.wait_for_function(LOADED)
        time.sleep(options.seconds)
        memory = resident(pid)
        for page in pages:
            page.close()
        say("ringing")
        rings = [ringing(lab, browser, tokens) for _ in range(options.times)]
    report(
        [
            figure("page delivered to ringing, median", statistics.median(rings), "s"),
            figure("page delivered to ringing, worst", max(rings), "s", most=1.0),
            figure("first load, median", statistics.median(loads), "s"),
            figure("first load, worst", max(loads), "s", most=2.0),
            figure("cpu of warroom without viewers", alone, "% of a core"),
            figure(f"cpu of warroom with {VIEWERS} viewers", cost, "% of a core", most=25.0),
            figure("seconds between two ticks of a viewer's charts", VIEWERS * span / told if told else None, "s"),
            figure(f"memory of warroom with {FEW} viewers", memory, "MB", most=200.0),
        ]
    )


if __name__ == "__main__":
    main()
