"""The war room's page: from a page that is delivered to its ringing, its first load, and what viewers cost."""

import asyncio
import json
import math
import statistics
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psutil
from cpu import seconds
from playwright.sync_api import Browser
from support.driving import Lab, arguments, figure, report, say

from lab.runtime.state import State
from tests.browsers import chromium

VIEWERS, FEW = 20, 5
TICK_S = 2.0  # charts are updated as often
KINDS = ("deploy", "verify", "review", "guardrail")
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


@dataclass
class Told:
    """What one viewer was told of the charts, and when (time.monotonic)."""

    ticks: list[float] = field(default_factory=list)

    @property
    def longest(self) -> float:
        return max((later - one for one, later in pairwise(self.ticks)), default=math.inf)


async def watched(url: str, viewers: int, span: float, token: str) -> list[Told]:
    """As many viewers with the team's token, each with a stream of its own, asking what the page asks when it is told
    that there is more. Raises if any of them is refused, or sent away."""
    headers = {"Authorization": f"Bearer {token}"}

    async def view(client: httpx.AsyncClient, told: Told) -> None:
        async def ask(path: str, **query: Any) -> Any:
            answer = await client.get(url + path, params=query, headers=headers)
            if answer.status_code != 404:  # there was none yet
                answer.raise_for_status()
            return answer.json()

        for path in ("/api/who", "/api/links"):
            await ask(path)
        last, marks, topic = 0, {}, ""
        async with client.stream("GET", f"{url}/api/live") as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                if line.startswith("event: "):
                    topic = line.removeprefix("event: ")
                    if topic == "signals":
                        told.ticks.append(time.monotonic())
                elif topic == "events" and line.startswith("data: "):
                    if (now := json.loads(line.removeprefix("data: "))["last"]) != last:
                        last = now
                        await ask("/api/drill/events", after=0)
                elif topic == "work" and line.startswith("data: "):
                    now = json.loads(line.removeprefix("data: "))
                    for kind in KINDS:
                        if now[kind] and now[kind] != marks.get(kind):
                            await ask(f"/api/drill/{kind}")
                    marks = now
        raise RuntimeError("The war room ended a viewer's stream.")

    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=httpx.Timeout(30, read=None), limits=limits) as client:
        told = [Told() for _ in range(viewers)]
        watching = [asyncio.create_task(view(client, one)) for one in told]
        over, _ = await asyncio.wait(watching, timeout=span, return_when=asyncio.FIRST_EXCEPTION)
        for one in watching:
            one.cancel()
        await asyncio.gather(*watching, return_exceptions=True)  # which have been cancelled
        for one in over:
            one.result()
    return told


def resident(pid: int) -> float:
    """MB of all its processes: the parent that forks it, and the one that serves. What they share is counted once."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    family.sort(key=lambda one: one.memory_info().rss)
    return (family[-1].memory_info().rss + sum(one.memory_full_info().uss for one in family[:-1])) / 1e6


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
    told = asyncio.run(watched(url, VIEWERS, options.seconds, (tokens / "team").read_text().strip()))
    span = time.monotonic() - began
    longest = max(one.longest for one in told)
    average = span / max(0.1, statistics.mean(len(one.ticks) for one in told))
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
            figure(
                "ticks that a viewer's charts were told, of those that were due, the fewest",
                100 * min(len(one.ticks) for one in told) * TICK_S / span,
                "%",
                least=90.0,
            ),
            figure("seconds between two ticks, the longest of any viewer", longest, "s"),
            figure("seconds between two ticks, on average", average, "s", most=2.5),
            figure(f"memory of warroom with {FEW} viewers", memory, "MB", most=200.0),
        ]
    )


if __name__ == "__main__":
    main()
