from pathlib import Path

import pytest
from warroom.guardrails import found, kind_of

from lab.errors import UsageError

LINT = ["guardrails/lint/money.yml", "guardrails/lint/money.yaml", "guardrails/lint/money/floats.yml"]
TEST = ["guardrails/tests/test_x.py", "guardrails/tests/x_test.py", "guardrails/tests/money/test_x.py"]
NEITHER = ["billing/app.py", "guardrails/lint/x.py", "guardrails/tests/x.yml", "guardrails/tests/money.py", ""]


def test_it_is_known_by_its_path():
    assert [kind_of(path) for path in (*LINT, *TEST)] == ["lint"] * 3 + ["test"] * 3
    for path in NEITHER:
        with pytest.raises(UsageError, match="is no guardrail"):
            kind_of(path)
    with pytest.raises(UsageError, match="leads out of the workspace"):
        kind_of("guardrails/lint/../../../etc/x.yml")


def test_what_can_be_proven_is_what_a_release_has_to_get_past(tmp_path: Path):
    """One that bites and that no deploy looks at would be none."""
    for path in (*LINT, *TEST, *filter(None, NEITHER)):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert found(tmp_path, "lint") == sorted(LINT)
    assert found(tmp_path, "test") == sorted(TEST)


def test_a_tree_without_any_has_none(tmp_path: Path):
    assert found(tmp_path, "lint") == found(tmp_path, "test") == []
