"""The load as its own process against a stand-in for the company."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.loadgen.standin import Company, Load, eventually, free_port

ROOT = Path(__file__).parents[3]


@pytest.fixture
def company() -> Iterator[Company]:
    company = Company()
    yield company
    company.close()


@pytest.fixture
def start_load(company: Company) -> Iterator[Callable[..., Load]]:
    """Starts the load with extra environment; stops it after the test and looks at how it went."""
    running: list[Load] = []

    def start(**environment: str) -> Load:
        port, ops_port = free_port(), free_port()
        urls = {f"{name}_URL": company.url for name in ("BILLING", "CHECKOUT", "INVENTORY", "PROMOTIONS", "ORDERS")}
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "loadgen"],
            cwd=ROOT,
            env={
                **os.environ,
                **urls,
                "PORT": str(port),
                "OPS_PORT": str(ops_port),
                "OTEL_EXPORTER_OTLP_ENDPOINT": company.url,
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        load = Load(process, port, ops_port)
        running.append(load)
        eventually(load.healthy, "the load answers on its ops port")
        return load

    yield start
    for load in running:
        load.process.terminate()
        output, _ = load.process.communicate(timeout=20)
        assert load.process.returncode == 0, output
        assert "Traceback" not in output, output
