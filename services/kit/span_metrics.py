"""Latency histograms, taken from the spans as they end.

A request, an outbound call or a statement is timed once, by its span; an exemplar names the very trace that it times.
"""

from bisect import bisect_left
from collections.abc import Mapping

from opentelemetry.trace import SpanKind
from prometheus_client import Histogram

from kit import identity
from kit.metrics import CLIENT_DURATION, DB_DURATION, LATENCY_BUCKETS, SERVER_DURATION
from kit.spans import Span

EXEMPLAR_INTERVAL = 500_000_000  # nanoseconds

# Statements whose first word is none of these share one label value, so that no statement can add series.
OPERATIONS = frozenset(
    ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "MERGE", "CALL", "COPY", "LOCK", "SET", "TRUNCATE", "NOTIFY")
)


class SpanMetrics:
    """Observes SERVER spans of HTTP requests, and CLIENT spans of HTTP calls and of database statements."""

    def __init__(self) -> None:
        self._peers: dict[tuple[str, int], str] = {}
        # a labelled histogram, and for each of its buckets when it was last given an exemplar
        self._series: dict[tuple[Histogram, tuple[str, ...]], tuple[Histogram, list[int]]] = {}

    def name_peers(self, peers: Mapping[tuple[str, int], str]) -> None:
        """Makes calls to (host, port) count under a service's name."""
        self._peers.update(peers)

    def on_end(self, span: Span) -> None:
        attributes = span.attributes
        if span.kind is SpanKind.SERVER:
            method = attributes.get("http.request.method")
            if method:
                route = attributes.get("http.route") or "unmatched"
                # A span without a status is one whose client left before the answer began.
                status = str(attributes.get("http.response.status_code") or "499")
                self._observe(span, SERVER_DURATION, identity.current(), method, route, status)
        elif span.kind is SpanKind.CLIENT:
            if "db.system.name" in attributes:
                operation = span.name.upper()
                operation = operation if operation in OPERATIONS else "OTHER"
                self._observe(span, DB_DURATION, identity.current(), operation)
            elif method := attributes.get("http.request.method"):
                status = str(attributes.get("http.response.status_code") or "error")
                self._observe(span, CLIENT_DURATION, identity.current(), self._peer(attributes), method, status)

    def _peer(self, attributes: Mapping) -> str:
        host, port = attributes.get("server.address", ""), attributes.get("server.port")
        name = self._peers.get((host, port or 80)) or self._peers.get((host, 443))
        return name or (f"{host}:{port}" if port else host)

    def _observe(self, span: Span, histogram: Histogram, *labels: str) -> None:
        key = histogram, labels
        known = self._series.get(key)
        if known is None:
            known = self._series[key] = histogram.labels(*labels), [0] * (len(LATENCY_BUCKETS) + 1)
        series, given = known
        seconds = (span.end_time - span.start_time) / 1e9
        # A scrape takes one exemplar a bucket, so a second one within half a second would only be paid for.
        bucket = bisect_left(LATENCY_BUCKETS, seconds)
        if span.end_time - given[bucket] < EXEMPLAR_INTERVAL:
            series.observe(seconds)
        else:
            given[bucket] = span.end_time
            series.observe(seconds, {"trace_id": format(span.context.trace_id, "032x")})
