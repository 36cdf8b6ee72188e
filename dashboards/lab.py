"""The lab itself: whether what measures the company can be believed."""

from dashboards.board import CONTAINERS, Board, Query, Row, bars, dial, graph, number
from dashboards.queries import quantile

SPANS = "traces_span_metrics_duration_milliseconds"

PROMETHEUS = Row(
    "Prometheus",
    (
        dial(
            "Targets that report",
            "Share of the targets that answered the last scrape.",
            Query("avg(up)", "up"),
            limits=((1, "green"),),
            base="red",
        ),
        number(
            "Series",
            "Series that Prometheus keeps in memory.",
            "short",
            Query("sum(prometheus_tsdb_head_series)", "series"),
        ),
        number(
            "Samples",
            "Samples a second that Prometheus takes in.",
            "suffix: /s",
            Query("sum(rate(prometheus_tsdb_head_samples_appended_total[$__rate_interval]))", "samples"),
        ),
        number(
            "Slowest rule group",
            "How long the slowest group of alert rules took to evaluate. Groups are evaluated every 2 s.",
            "s",
            Query("max(prometheus_rule_group_last_duration_seconds)", "evaluation"),
            limits=((1, "orange"), (2, "red")),
        ),
        number(
            "Evaluations missed",
            "Rule evaluations left out in the last 5 minutes because one before them had not ended.",
            "suffix: evaluations",
            Query("sum(increase(prometheus_rule_group_iterations_missed_total[5m]))", "missed"),
            limits=((1, "orange"),),
        ),
        number(
            "Notifications dropped",
            "Alerts that Prometheus could not hand to Alertmanager in the last 5 minutes.",
            "suffix: alerts",
            Query("sum(increase(prometheus_notifications_dropped_total[5m]))", "dropped"),
            limits=((1, "red"),),
        ),
        graph(
            "Scrapes",
            "How long each target's last scrape took. After 2 s a scrape is given up.",
            "s",
            Query("max by (service) (scrape_duration_seconds)", "{{service}}"),
            limits=((1, "orange"), (2, "red")),
        ),
        bars(
            "Samples of a scrape",
            "Samples that each target's last scrape brought.",
            "short",
            Query("sum by (service) (scrape_samples_scraped)", "{{service}}"),
        ),
        graph(
            "Rule evaluation",
            "How long each group of alert rules took to evaluate.",
            "s",
            Query("max by (rule_group) (prometheus_rule_group_last_duration_seconds)", "{{rule_group}}"),
            limits=((2, "red"),),
        ),
    ),
)

TELEMETRY = Row(
    "Telemetry store",
    (
        dial(
            "Disk",
            "Share of what the store may take on disk. When it is full, the oldest telemetry goes.",
            Query("sum(telemetry_store_bytes) / sum(telemetry_store_limit_bytes)", "used"),
            height=8,
            limits=((0.8, "orange"), (0.95, "red")),
        ),
        graph(
            "Stored",
            "Spans and log records a second that were stored. As containers, spans are kept by Jaeger instead.",
            "ops",
            Query("sum(rate(telemetry_spans_total[$__rate_interval]))", "spans"),
            Query("sum(rate(telemetry_log_records_total[$__rate_interval]))", "log records"),
            span=7,
        ),
        graph(
            "Refused",
            "Requests a second that the store refused, by reason. Senders try again when it was busy.",
            "reqps",
            Query("sum by (reason) (rate(telemetry_refused_requests_total[$__rate_interval]))", "{{reason}}"),
            span=7,
            limits=((0.1, "orange"),),
        ),
        graph(
            "Reaches back",
            "Age of the oldest telemetry that is kept.",
            "s",
            Query("time() - (min(telemetry_store_oldest_timestamp_seconds) > 0)", "oldest"),
            span=6,
        ),
    ),
)

PROCESSES = Row(
    "Processes",
    (
        graph(
            "Memory",
            "Resident memory of each process. Forked processes count what they share with others in full.",
            "bytes",
            Query("sum by (service) (process_resident_memory_bytes)", "{{service}}"),
            span=6,
        ),
        graph(
            "CPU",
            "CPU time of each process, in shares of one core.",
            "percentunit",
            Query("sum by (service) (rate(process_cpu_seconds_total[$__rate_interval]))", "{{service}}"),
            span=6,
            limits=((0.9, "orange"),),
        ),
        graph(
            "Open files",
            "Share of the files that a process may have open.",
            "percentunit",
            Query("max by (service) (process_open_fds / process_max_fds)", "{{service}}"),
            span=6,
            limits=((0.8, "orange"), (0.95, "red")),
        ),
        graph(
            "Up for",
            "How long each process has run. It falls to nothing when a process starts anew.",
            "s",
            Query("time() - max by (service) (process_start_time_seconds)", "{{service}}"),
            span=6,
        ),
    ),
)

JAEGER = Row(
    "Jaeger, counted from spans",
    (
        graph(
            "Spans",
            f"Spans a second that Jaeger counted, by service. {CONTAINERS}",
            "ops",
            Query(
                "sum by (service_name) (rate(traces_span_metrics_calls_total[$__rate_interval]))",
                "{{service_name}}",
            ),
        ),
        graph(
            "Spans that failed",
            f"Spans a second with status error, by service. {CONTAINERS}",
            "ops",
            Query(
                'sum by (service_name) (rate(traces_span_metrics_calls_total{status_code="STATUS_CODE_ERROR"}'
                "[$__rate_interval]))"
                " or 0 * sum by (service_name) (rate(traces_span_metrics_calls_total[$__rate_interval]))",
                "{{service_name}}",
            ),
        ),
        graph(
            "Servers' spans, P99",
            f"One in a hundred of a service's server spans lasted this long or longer. {CONTAINERS}",
            "ms",
            Query(quantile(0.99, SPANS, "service_name", 'span_kind="SPAN_KIND_SERVER"'), "{{service_name}}"),
            limits=((500, "orange"), (2500, "red")),
        ),
    ),
)

BOARD = Board(
    "lab",
    "The lab itself",
    "Prometheus, the telemetry store, the processes, and what Jaeger counts.",
    (PROMETHEUS, TELEMETRY, PROCESSES, JAEGER),
)
