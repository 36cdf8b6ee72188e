"""The two books, levelled as a team would: through billing's and the processor's public addresses."""

import time
import uuid

from support.driving import Lab, say, wait_for


def level(lab: Lab) -> int:
    """Compensating entries, tried dry first, until the books agree to the cent. Gives how many there were."""
    wait_for(lambda: _settled(lab), "a reconciliation that stands still", 90, every=3)
    entries = differing(lab)
    for start in range(0, len(entries), 500):
        body = {"idempotency_key": f"level-{uuid.uuid4().hex}", "entries": entries[start : start + 500]}
        for dry_run in (True, False):
            url = f"{lab.url('billing')}/adjustments"
            lab.http.post(url, json={**body, "dry_run": dry_run}).raise_for_status()
    wait_for(lambda: lab.difference_cents() == 0, "books that agree to the cent", 30)
    say(f"levelled the books with {len(entries)} entries")
    return len(entries)


def _settled(lab: Lab) -> bool:
    before = lab.difference_cents()
    time.sleep(5)
    return before is not None and lab.difference_cents() == before


def differing(lab: Lab) -> list[dict]:
    entries: list[dict] = []
    after = ""
    while after is not None:
        answer = lab.get("processor", "/reconciliation", after=after, limit=500)
        for row in answer["differing"]:
            reason = "Levels billing's book with the processor's"
            entries.append({"charge_key": row["charge_key"], "amount": row["compensating"], "reason": reason})
        after = answer["next"]
    return entries
