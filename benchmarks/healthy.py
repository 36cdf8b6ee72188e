"""A quiet while: alerts, pages, failed requests, the books, and the slowest hundredth of each service's answers."""

import time

from support.driving import Lab, arguments, figure, report, say

FAILED = 'customer_request_duration_seconds_count{profile="healthy",status=~"5..|timeout|error"}'
SERVED_5XX = 'http_server_request_duration_seconds_count{status=~"5.."}'
BUCKETS = 'customer_request_duration_seconds_bucket{profile="healthy"}'
P99 = f"histogram_quantile(0.99, sum by (service, le) (rate({BUCKETS}[%ds])))"


def main() -> None:
    options = arguments(__doc__, minutes=5.0)
    lab = Lab.attach(options.name)
    time.sleep(10)  # so that a rate exists
    span = round(options.minutes * 60)
    before = {page["id"] for page in lab.pages()}
    end = time.monotonic() + span
    pending: set[str] = set()
    while time.monotonic() < end:
        pending |= {f"{alert['labels']['alertname']} {alert['labels'].get('service', '')}" for alert in lab.alerts()}
        time.sleep(2)
    if pending:
        say(f"pending or firing at some time: {', '.join(sorted(pending))}")
    asked = lab.get("load", "/profiles")[0]
    figures = [
        figure("alerts pending or firing", len(pending), "", most=0),
        figure("pages", len({page["id"] for page in lab.pages()} - before), "", most=0),
        figure("failed requests", lab.value(f"sum(increase({FAILED}[{span}s]))") or 0, "", most=0),
        figure("5xx answers of services", lab.value(f"sum(increase({SERVED_5XX}[{span}s]))") or 0, "", most=0),
        figure("difference of the books", lab.difference_cents(), "cents", least=0, most=0),
        figure("asked", asked["asked_rps"], "1/s", beside=20.0),
        figure("achieved", asked["achieved_rps"], "1/s", beside=20.0),
    ]
    for labels, seconds in sorted(lab.query(P99 % span).items()):
        figures.append(figure(f"P99 of {dict(labels)['service']}", seconds, "s", most=0.5))
    report(figures)


if __name__ == "__main__":
    main()
