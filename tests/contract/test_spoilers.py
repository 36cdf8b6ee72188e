"""Nothing that a trainee can look at names what is wrong, nor that anything is.

What counts is listed in docs/architecture.md, "Blindness": the services' code, the alerts with their runbooks, the
dashboards, the README, each scenario's public file, and the names under which the load and the processes appear.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lab import private, scenario, workspace
from lab.git import Git

ROOT = Path(__file__).parents[2]
IDS = [found.id for found in scenario.load_all()]
VISIBLE = [
    "README.md",
    "docs/company.md",
    "docs/team-spec.md",
    "docs/trainee*.md",
    "docs/instructor.md",
    "services/**/*.py",
    "services/**/*.sql",
    "alerts/**/*.yml",
    "alerts/**/*.md",
    "dashboards/**/*.json",
    "dashboards/**/*.py",
    "scenarios/*/scenario.yaml",
    "workspace/**/*",
]
# These speak of the lab, so they may say that it has faults, drills and instructors; what the faults are, they may not.
OF_THE_LAB = ("README.md", "docs/", "services/warroom/", "workspace/README.md", "workspace/AGENTS.md")
# Seen through telemetry and the process list, not as files: of these only what is a string at run time counts.
NAMING = ["loadgen/*.py", "lab/runtime/programs.py"]


def compiled(words: list[str]) -> list[re.Pattern]:
    return [re.compile(word, re.IGNORECASE) for word in words]


def spoilers(scenario_id: str) -> list[re.Pattern]:
    return compiled(private.load(scenario_id).spoilers)


COMMON = compiled(yaml.safe_load((scenario.FOLDER / "common" / "spoilers.yaml").read_text()))


def strings(source: str) -> str:
    """The string literals of a program, one to a line, docstrings left out."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    literals = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return "\n".join(node.value for node in literals if id(node) not in docstrings)


def visible(root: Path) -> Iterator[tuple[Path, str]]:
    """Every text that a trainee can see, with the file it comes from."""
    for pattern in VISIBLE:
        for path in sorted(root.glob(pattern)):
            if path.is_file() and not workspace.CACHES & set(path.parts):
                yield path.relative_to(root), path.read_text()
    for pattern in NAMING:
        for path in sorted(root.glob(pattern)):
            yield path.relative_to(root), strings(path.read_text())


def findings(root: Path, words: list[re.Pattern]) -> list[str]:
    found = []
    for path, text in visible(root):
        searched = words if str(path).startswith(OF_THE_LAB) else words + COMMON
        for number, line in enumerate([str(path), *text.splitlines()]):
            # snake_case and kebab-case names are read as their words
            spoken = f"{line} {re.sub(r'[_-]+', ' ', line)}"
            found += [f"{path}:{number}: {word.pattern}: {line.strip()}" for word in searched if word.search(spoken)]
    return found


@pytest.mark.parametrize("scenario_id", IDS)
def test_nothing_visible_gives_it_away(scenario_id: str) -> None:
    found = findings(ROOT, spoilers(scenario_id))
    assert not found, "\n".join(found)


def test_every_file_of_the_workspace_is_searched() -> None:
    searched = {path for path, _ in visible(ROOT)}
    assert [name for name, path in workspace.files().items() if path.relative_to(ROOT) not in searched] == []


@pytest.mark.parametrize("scenario_id", IDS)
def test_neither_do_the_workspaces_history_and_names(tmp_path: Path, scenario_id: str) -> None:
    made = workspace.Workspace(tmp_path / "made")
    made.open("d-1")
    told = Git(made.path).run("log", "--all", "--name-only", "--format=%D%n%an%n%ae%n%B")
    (tmp_path / "alerts").mkdir()
    (tmp_path / "alerts" / "history.md").write_text(told)
    assert "orders/app.py" in told
    assert findings(tmp_path, spoilers(scenario_id)) == []


def test_what_should_be_searched_is_there() -> None:
    seen = [str(path) for path, _ in visible(ROOT)]
    services = ("billing", "processor", "checkout", "inventory", "promotions", "orders", "partner", "kit")
    expected = [f"services/{name}/" for name in services]
    expected += ["alerts/rules/", "alerts/runbooks/", "loadgen/", "workspace/tests/", "workspace/guardrails/"]
    assert [start for start in expected if not any(path.startswith(start) for path in seen)] == []


PLANTED = {
    "annual-invoices": [
        ("alerts/rules/books.yml", "# mostly a false alarm"),
        ("alerts/runbooks/ChargedMoneyUnusual.md", "This is benign."),
        ("scenarios/annual-invoices/scenario.yaml", "title: A false positive"),
        ("loadgen/profiles.py", 'title = "harmless"'),
    ],
    "month-end-import": [
        ("services/billing/invoice.py", "amount += net + tax  # float drift adds up here"),
        ("services/billing/invoice.py", "# floating point is good enough"),
        ("services/billing/migrations/0002-amounts.sql", "-- differs by a half-cent"),
        ("services/kit/metrics.py", 'Gauge("billing_rounding_error_cents", "")'),
        ("services/billing/charges.py", "def charged_twice(key): ..."),
        ("alerts/rules/books.yml", "summary: Charges are counted twice"),
        ("dashboards/books.json", '{"title": "Lost precision"}'),
        ("loadgen/customers.py", 'span("retry with lines in another order")'),
    ],
    "flash-sale": [
        ("services/promotions/carts.py", "# careful: calls back into checkout"),
        ("services/promotions/carts.py", "class CircularDependency: ..."),
        ("alerts/runbooks/CustomerErrorsHigh.md", "The workers wait for each other."),
        ("dashboards/overview.json", '{"title": "Pool exhaustion"}'),
        ("services/checkout/app.py", 'log.warning("worker_starvation")'),
        ("scenarios/flash-sale/scenario.yaml", "title: The deadlock"),
        ("lab/runtime/programs.py", 'NAMES = ["deadlock-load"]'),
    ],
    "batch-export": [
        ("services/orders/app.py", "# N+1: one query per order"),
        ("services/orders/app.py", "shipping.shipment(order_id)  # noqa: ASYNC210"),
        ("services/orders/shipping.py", "# blocks the event loop"),
        ("alerts/rules/customers.yml", "summary: A blocking call in orders"),
        ("README.md", "Watch the query storm."),
        ("loadgen/client.py", 'attributes = {"orders.n_plus_1": True, "x": "n + 1"}'),
    ],
}
ANYWHERE = [
    ("services/checkout/app.py", "# the bug is here"),
    ("services/checkout/app.py", "if chaos.enabled: ..."),
    ("services/checkout/app.py", "FAULT_RATE = 0.1"),
    ("services/orders/app.py", "import time  # noqa"),
    ("services/chaos_kit/app.py", ""),
    ("alerts/rules/books.yml", "# fires when the instructor starts it"),
    ("workspace/guardrails/lint/example.yml", "id: the-bug"),
    ("workspace/tests/test_faults.py", ""),
]


@pytest.mark.parametrize("scenario_id", IDS)
def test_sentences_are_planted_for_each_scenario(scenario_id: str) -> None:
    assert len(PLANTED.get(scenario_id, [])) >= 4, f"PLANTED needs some that would tell {scenario_id}'s answer"


@pytest.mark.parametrize(
    "scenario_id, path, text",
    [(found, *plant) for found in IDS for plant in PLANTED.get(found, []) + ANYWHERE],
)
def test_a_planted_spoiler_is_found(tmp_path: Path, scenario_id: str, path: str, text: str) -> None:
    planted = tmp_path / path
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(text + "\n")
    assert findings(tmp_path, spoilers(scenario_id))


def test_the_readme_may_say_that_there_are_faults(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("A chaos lab with three faults.\n")
    assert all(findings(tmp_path, spoilers(scenario_id)) == [] for scenario_id in IDS)


@pytest.mark.parametrize("scenario_id", IDS)
def test_the_fields_own_words_are_no_spoilers(tmp_path: Path, scenario_id: str) -> None:
    path = tmp_path / "services" / "any" / "app.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        'amount: float = 0.0\namount double precision NOT NULL DEFAULT 0\nname = "default"\n'
        'Gauge("event_loop_lag_seconds", "Seconds that a callback waits for its turn")\n'
        'watch_pool("checkout", "workers")\nasync def export(): ...\nround(amount, 2)\n'
    )
    assert findings(tmp_path, spoilers(scenario_id)) == []
