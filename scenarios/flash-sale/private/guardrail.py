"""No service may wait, on a worker, for what only its own workers can answer: enough of that at once, and none ends.

A `def` handler holds a worker until it has answered, an `async def` holds none. Whom a handler asks is followed by
name, as `carts` to `Carts(client)` to `httpx.Client(base_url=settings.checkout_url)`; what it may ask for there, by the
verbs and the words of paths in its service's code.
"""

import ast
import re
from pathlib import Path

import pytest

Endpoint = tuple[str, str]  # verb, first word of the path
ROUTE = re.compile(r"\w+\.(get|post|put|patch|delete)\('/(\w+)")


def peers(node: ast.AST, names: dict[str, ast.AST], seen: frozenset[str] = frozenset()) -> set[str]:
    """Whose addresses it uses for every request; what comes after a way out, `if …: return`, is not for every one."""
    parts, found = [node], set()
    if isinstance(node, ast.FunctionDef):
        outs = [isinstance(one, ast.If) and isinstance(one.body[-1], ast.Return) for one in node.body]
        parts = [node.args, *node.body[: [*outs, True].index(True)]]
    for one in (each for part in parts for each in ast.walk(part)):
        if isinstance(one, ast.Attribute) and one.attr.endswith("_url"):
            found.add(one.attr.removesuffix("_url"))
        elif isinstance(one, ast.Name) and one.id in names.keys() - seen:
            found |= peers(names[one.id], names, seen | {one.id})
    return found


def read(app: Path) -> tuple[dict[Endpoint, set[str]], set[str]]:
    """The endpoints that hold a worker, each with whom it asks; the words of what this service asks for."""
    tree = ast.parse(app.read_text())
    create = next(one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == "create_app")
    functions = {one.name: one for one in [*tree.body, *create.body] if isinstance(one, ast.FunctionDef)}
    assigned = {ast.unparse(one.targets[0]): one.value for one in create.body if isinstance(one, ast.Assign)}
    routes = [(ROUTE.match(ast.unparse(one)), each) for each in functions.values() for one in each.decorator_list]
    code = "\n".join(ast.unparse(ast.parse(path.read_text())) for path in app.parent.rglob("*.py"))
    words = re.findall(r"(?<=[.'\"/])\w+", re.sub(r"(?m)^ *@.*", "", code).lower())
    return {route.group(1, 2): peers(each, functions | assigned) for route, each in routes if route}, set(words)


SERVICES = {path.parent.name: read(path) for path in Path(__file__).parents[2].glob("*/app.py")}


def rings(home: str, service: str, endpoint: Endpoint, *way: tuple[str, Endpoint]) -> list[tuple]:
    """Ways from that endpoint to one that needs a worker of `home`."""
    found: list[tuple] = []
    for peer in SERVICES[service][0][endpoint] & SERVICES.keys():
        for step in ((peer, other) for other in SERVICES[peer][0] if SERVICES[service][1].issuperset(other)):
            if step not in way:
                found += [(*way, step)] if peer == home else rings(home, *step, *way, step)
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_waits_for_its_own_workers(service: str) -> None:
    assert [(endpoint, *ring) for endpoint in SERVICES[service][0] for ring in rings(service, service, endpoint)] == []
