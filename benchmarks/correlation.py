"""Whether signals find each other: over some minutes of load, every log line's and every exemplar's trace is stored.

The lines are what reached the telemetry store, the exemplars what Prometheus kept. A sample of checkouts is looked at
for the whole path: customers → checkout → inventory → promotions → checkout.
"""

import time
from collections import Counter
from collections.abc import Iterator

from support.driving import Lab, arguments, figure, report, say

PATH = ["customers", "checkout", "inventory", "promotions", "checkout"]
EXPORTED_S = 10.0  # batches and scrapes on their way
BATCH = 20


def lines_since(lab: Lab, cursor: str) -> Iterator[dict]:
    """Every log line that arrived after `cursor`."""
    while True:
        answer = lab.get("logs", "/api/logs", after=cursor, limit=1_000)
        yield from answer["data"]
        if answer["cursor"] == cursor or not answer["data"]:
            return
        cursor = answer["cursor"]


def exemplars(lab: Lab, begin: float, end: float) -> Counter:
    """Trace ids by how many exemplars name them."""
    found: Counter = Counter()
    for metric in ("customer_request", "http_server_request", "http_client_request", "db_client_operation"):
        query = f"{metric}_duration_seconds_bucket"
        answer = lab.get("prometheus", "/api/v1/query_exemplars", query=query, start=begin, end=end)
        for series in answer["data"]:
            found.update(one["labels"].get("trace_id", "") for one in series["exemplars"])
    return found


def stored(lab: Lab, trace_ids: list[str]) -> set[str]:
    """Those of the traces that the store returns."""
    found: set[str] = set()
    for start in range(0, len(trace_ids), BATCH):
        answer = lab.get("traces", "/api/traces", traceID=trace_ids[start : start + BATCH])
        found |= {trace["traceID"].rjust(32, "0") for trace in answer["data"]}
    return found


def path_of(trace: dict) -> bool:
    """Whether one chain of parents goes through `PATH`."""
    service = {key: process["serviceName"] for key, process in trace["processes"].items()}
    spans = {span["spanID"]: span for span in trace["spans"]}
    for span in spans.values():
        chain: list[str] = []
        while span is not None:
            name = service[span["processID"]]
            if not chain or chain[-1] != name:
                chain.append(name)
            parent = next((one["spanID"] for one in span["references"] if one["refType"] == "CHILD_OF"), None)
            span = spans.get(parent)
        if chain[::-1] == PATH:
            return True
    return False


def main() -> None:
    options = arguments(__doc__, minutes=5.0, checkouts=50)
    lab = Lab.attach(options.name)
    cursor = lab.get("logs", "/api/logs", limit=1)["cursor"]
    begin = time.time()
    time.sleep(options.minutes * 60)
    end = time.time()
    time.sleep(EXPORTED_S)

    lines = list(lines_since(lab, cursor))
    named = Counter(line["trace_id"] for line in lines if line["trace_id"])
    unnamed = Counter(f"{line['service']}: {line['event']}" for line in lines if not line["trace_id"])
    for event, count in unnamed.most_common(10):
        say(f"{count} lines outside a trace: {event}")
    say(f"{len(lines)} lines name {len(named)} traces; looking them up")
    lost = set(named) - stored(lab, list(named))
    shown = exemplars(lab, begin, end)
    lost_exemplars = set(shown) - stored(lab, list(shown))
    for trace_id in sorted(lost | lost_exemplars)[:5]:
        say(f"not in the store: {trace_id}")
    checkouts = lab.get(
        "traces",
        "/api/traces",
        service="customers",
        operation="POST /orders",
        start=int(begin * 1e6),
        end=int(end * 1e6),
        limit=options.checkouts,
    )["data"]
    traceless = sum(count for event, count in unnamed.items() if event.endswith(": request"))
    report(
        [
            figure("log lines that name a trace", sum(named.values()), ""),
            figure("traces named by log lines and not stored", len(lost), "", most=0),
            figure("request lines without a trace", traceless, "", most=0),
            figure("exemplars", sum(shown.values()), ""),
            figure("traces named by exemplars and not stored", len(lost_exemplars), "", most=0),
            figure("checkouts looked at", len(checkouts), ""),
            figure(
                "checkouts without the path back to checkout", sum(not path_of(one) for one in checkouts), "", most=0
            ),
        ]
    )


if __name__ == "__main__":
    main()
