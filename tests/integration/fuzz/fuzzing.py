"""Random requests that follow a service's own OpenAPI document, or break it.

`FUZZ_EXAMPLES=500 pytest tests/integration/fuzz` is the thorough way: that many cases for each operation and each kind
of data, new ones at every run. By default there are few, and always the same.
"""

import os
from collections.abc import Callable
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from tests.processes import Service

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))

# Values that exist, so that not every request ends at an unknown id.
KNOWN: dict[str, list[Any]] = {
    "account": ["a-017", "a-17"],
    "accounts": [["a-17", "a-18"]],
    "cart_id": ["c-0017", "c-0018"],
    "sku": ["sku-0017", "sku-0018"],
    "limit": [1],
    "per_account": [1],
}


def fuzz(
    service: Service,
    mode: GenerationMode,
    *,
    token: str = "",
    edit: Callable[[Case], None] = lambda case: None,
    only: str = "",
    times: int = 1,
) -> None:
    """Sends cases to every operation, or to those of the path `only`; `edit` changes a case before it is sent.

    `mode` says whether cases follow the document. Half of them name things that exist, half carry the token.
    """
    asked = 0
    schema = schemathesis.openapi.from_url(f"{service.url}/openapi.json")
    for result in schema.get_all_operations():
        operation = result.ok()
        if only and operation.path != only:
            continue

        @settings(
            max_examples=times * (EXAMPLES or 20),
            derandomize=not EXAMPLES,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(mode), data=st.data())
        def ask(case: Case, data: st.DataObject) -> None:
            nonlocal asked
            asked += 1
            if data.draw(st.booleans()):
                for part in (case.path_parameters, case.query, case.body):
                    _name_what_exists(part, data)
            edit(case)
            headers = {"Authorization": f"Bearer {token}"} if token and data.draw(st.booleans()) else {}
            judge(case, case.call(headers=headers))

        try:
            ask()
        except Unsatisfiable:  # no input, or none that could be wrong
            if mode is GenerationMode.POSITIVE:
                raise
    assert asked, "no case was sent"


def judge(case: Case, response: Response) -> None:
    """Fails with a curl command unless the answer is one that the document promises, and no 5xx."""
    case.validate_response(
        response,
        checks=[not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance],
    )
    if response.status_code >= 400:
        assert response.headers["content-type"] == ["application/problem+json"], case.as_curl_command()
        assert_problem(response.status_code, response.json())


def assert_problem(status: int, problem: dict[str, Any]) -> None:
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]


def _name_what_exists(value: object, data: st.DataObject) -> None:
    if isinstance(value, dict):
        for name in value:
            if name in KNOWN:
                value[name] = data.draw(st.sampled_from(KNOWN[name]))
            else:
                _name_what_exists(value[name], data)
    elif isinstance(value, list):
        for item in value:
            _name_what_exists(item, data)
