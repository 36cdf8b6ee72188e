"""kill -9 of each process in turn, under load: does the lab come back by itself, and is every charge there once?

Meanwhile one careful customer charges with keys of their own and repeats each charge, unchanged, until it is answered.
At the end each answered key must stand once in billing's book and once in the processor's, with nothing between them.
"""

import contextlib
import os
import signal
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass

import httpx
from support.driving import Lab, arguments, figure, report, say, wait_for

BACK_WITHIN_S = 60.0


class CarefulCustomer(threading.Thread):
    """Charges four times a second; `answered` and `refused` hold the keys that billing said yes and no to."""

    def __init__(self, billing_url: str) -> None:
        super().__init__(name="careful-customer", daemon=True)
        self._url = f"{billing_url}/charges"
        self._over = threading.Event()
        self.answered: list[str] = []
        self.refused: list[str] = []

    def run(self) -> None:
        with httpx.Client(timeout=10) as http:
            while not self._over.is_set():
                key = f"careful-{uuid.uuid4().hex}"
                lines = [{"description": "Storage", "net": "10.01"}, {"description": "Freight", "net": "7.77"}]
                self._charge(http, key, {"account": "a-001", "lines": lines})
                self._over.wait(0.25)

    def _charge(self, http: httpx.Client, key: str, body: dict) -> None:
        """Again and again while billing fails; a refusal (4xx) is an answer, the end of it all ends this too."""
        while not self._over.is_set():
            with contextlib.suppress(httpx.TransportError):
                response = http.post(self._url, json=body, headers={"Idempotency-Key": key})
                if response.is_success:
                    return self.answered.append(key)
                if response.is_client_error:
                    return self.refused.append(key)
            self._over.wait(0.5)

    def stop(self) -> None:
        self._over.set()
        self.join(60)


def kill_and_wait(lab: Lab, name: str, pid: int) -> float:
    """Seconds until everything is healthy again, with another process under this name. Raises TimeoutError."""
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()

    def back() -> bool:
        try:
            status = lab.status()
        except RuntimeError:  # nobody to ask while the supervisor itself is away
            return False
        new = next((one["pid"] for one in status["services"] if one["name"] == name), None)
        return status["ready"] and new not in (None, pid)

    wait_for(back, f"{name} after kill -9", BACK_WITHIN_S)
    return time.monotonic() - began


def book(lab: Lab) -> tuple[Counter, int]:
    """How often each key was charged, in billing's book, and the book's last position."""
    keys: Counter = Counter()
    last = 0
    after: int | None = 0
    while after is not None:
        answer = lab.get("billing", "/book", after=after, limit=1_000)
        last = answer["entries"][-1]["position"] if answer["entries"] else last
        keys.update(entry["charge_key"] for entry in answer["entries"] if entry["kind"] == "charge")
        after = answer["next"]
    return keys, last


def compared(lab: Lab, position: int) -> bool:
    """Whether the reconciliation has settled every charge up to a position of billing's book."""
    answer = lab.get("processor", "/reconciliation", limit=1)
    return answer is not None and answer["watermark"] >= position


def has_processed(lab: Lab, key: str) -> bool:
    """Whether the processor's book has the key. No answer is none: it is asked until there is one."""

    def answer() -> httpx.Response | None:
        with contextlib.suppress(httpx.TransportError):
            response = lab.http.get(f"{lab.url('processor')}/book/{key}")
            return None if response.is_server_error else response
        return None

    return wait_for(answer, f"the processor's word on {key}", BACK_WITHIN_S).is_success


@dataclass(frozen=True)
class Accounts:
    """Keys of charges that came out wrong."""

    lost: list[str]  # answered, and not in billing's book
    doubled: list[str]  # charged more than once
    unknown: list[str]  # answered, and not in the processor's book


def accounts(lab: Lab, customer: CarefulCustomer) -> Accounts:
    """What became of the customer's charges, once both books are compared to billing's end."""
    charged, last = book(lab)
    wait_for(lambda: compared(lab, last), "a reconciliation of everything", 150, every=2)
    return Accounts(
        lost=[key for key in customer.answered if not charged[key]],
        doubled=[key for key, times in charged.items() if times > 1 and key.startswith("careful-")],
        unknown=[key for key in customer.answered if not has_processed(lab, key)],
    )


def main() -> None:
    options = arguments(__doc__, only="")
    lab = Lab.attach(options.name)
    before = lab.difference_cents()
    customer = CarefulCustomer(lab.url("billing"))
    customer.start()
    figures = []
    for one in lab.status()["services"]:
        if options.only and one["name"] not in options.only.split(","):
            continue
        # a pid of now: the end of one process may have changed another's
        pid = next(now["pid"] for now in lab.status()["services"] if now["name"] == one["name"])
        try:
            took = kill_and_wait(lab, one["name"], pid)
        except TimeoutError as late:
            say(str(late))
            took = None
        say(f"{one['name']}: all healthy {'not at all' if took is None else f'after {took:.1f} s'}")
        figures.append(figure(f"all healthy after kill -9 of {one['name']}", took, "s", most=BACK_WITHIN_S))
    customer.stop()
    found = accounts(lab, customer)
    figures += [
        figure("charges of the careful customer", len(customer.answered), ""),
        figure("charges refused", len(customer.refused), "", most=0),
        figure("answered and not in billing's book", len(found.lost), "", most=0),
        figure("charged more than once", len(found.doubled), "", most=0),
        figure("answered and not in the processor's book", len(found.unknown), "", most=0),
        figure("growth of the difference of the books", lab.difference_cents() - before, "cents", least=0, most=0),
    ]
    report(figures)


if __name__ == "__main__":
    main()
