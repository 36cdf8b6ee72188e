"""What runs against a lab under healthy load. There is one a runtime, because to have one takes a minute.

Modules come in the order of their names within each runtime: first those that look, then incidents, then harm, then a
drill.
"""

from collections.abc import Iterator

import pytest

from tests.engine import needs_engine
from tests.labs import SUMMARISED
from tests.living import Living


@pytest.fixture(scope="session", params=[pytest.param("compose", marks=needs_engine()), "local"])
def living(request: pytest.FixtureRequest) -> Iterator[Living]:
    living = Living(request.param)
    living.afresh()
    yield living
    living.forget()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Figures that tests have recorded, whether or not they passed: nothing is asserted of seconds, so somebody must
    be able to see them."""
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, [])]
    for report in reports:
        for name, value in report.user_properties if report.when == "call" else ():
            if name == SUMMARISED:
                terminalreporter.write_line(f"{report.nodeid}: {value}")
