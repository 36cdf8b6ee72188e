"""What runs against a lab under healthy load. There is one a runtime, because to have one takes a minute.

Modules come in the order of their names within each runtime: first those that look, then incidents, then harm.
"""

from collections.abc import Iterator

import pytest

from tests.engine import needs_engine
from tests.living import Living


@pytest.fixture(scope="session", params=[pytest.param("compose", marks=needs_engine()), "local"])
def living(request: pytest.FixtureRequest) -> Iterator[Living]:
    living = Living(request.param)
    living.afresh()
    yield living
    living.forget()
