"""Run the customers: Locust's page and the profiles API on PORT, metrics and health on OPS_PORT."""

import json
import logging
import resource
import signal

import gevent
from gevent.event import Event
from gevent.pywsgi import WSGIServer
from locust.env import Environment  # patches sockets and threads for gevent, so before what opens them
from opentelemetry import trace
from prometheus_client import make_wsgi_app

from loadgen import statistics, telemetry
from loadgen.api import add_routes
from loadgen.roster import Roster
from loadgen.settings import Settings

log = logging.getLogger("loadgen")


def ops_app():
    """`/metrics` (OpenMetrics for who accepts it) and `/healthz`."""
    metrics = make_wsgi_app()

    def app(environ, start_response):
        if environ["PATH_INFO"] == "/healthz":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps({"status": "ok"}).encode()]
        return metrics(environ, start_response)

    return app


def main() -> None:
    settings = Settings()
    telemetry.log_to_stdout()
    # every outstanding customer holds a socket
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 16_384) if most > 0 else 16_384, most))

    environment = Environment()
    roster = Roster(settings, environment, telemetry.tracer(settings.otel_exporter_otlp_endpoint))
    ops = WSGIServer((settings.host, settings.ops_port), ops_app(), log=None)
    ops.start()
    trimming = gevent.spawn(statistics.keep_small, environment.stats)
    web = environment.create_web_ui(settings.host, settings.port, delayed_start=True)
    add_routes(web.app, roster)
    web.start()
    if settings.lab_healthy:
        roster.open_when_reachable("healthy")
    log.info("customers ready", extra={"fields": {"port": settings.port, "profiles": roster.names}})

    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, ended.set)
    ended.wait()
    for name in roster.names:
        roster.stop(name)
    trimming.kill()
    web.stop()
    ops.stop()
    trace.get_tracer_provider().shutdown()
    log.info("customers gone")


if __name__ == "__main__":
    main()
