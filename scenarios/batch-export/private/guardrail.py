"""An `async def` handler may not block: while it does, nobody else's request is begun, however short.

What it calls is followed by name to what that is made of, as `history` to `History(pool)` to `ConnectionPool(…)`. What
is handed to a thread, as in `to_thread.run_sync(read, …)`, is no call.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

APPS = sorted(Path(__file__).parents[2].glob("*/app.py"))
BLOCKING = re.compile(r"\b(ConnectionPool|Client|psycopg\.connect|time\.sleep|requests\.\w+|urlopen)\(")
ROUTE = re.compile(r"\w+\.(get|post|put|patch|delete)\(")
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def named(tree: ast.Module) -> dict[str, ast.AST]:
    """The functions of an app, and what the names in `create_app` stand for."""
    create = next(one for one in tree.body if isinstance(one, FUNCTION) and one.name == "create_app")
    found: dict[str, ast.AST] = {}
    for node in [*tree.body, *create.body]:
        if isinstance(node, FUNCTION):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found |= {one.id: node.value for to in node.targets for one in ast.walk(to) if isinstance(one, ast.Name)}
    return found


def used(node: ast.AST) -> Iterator[ast.AST]:
    """What a function calls; all that a value is made of."""
    if not isinstance(node, FUNCTION):
        yield node
        return
    for call in (one for part in node.body for one in ast.walk(part) if isinstance(one, ast.Call)):
        yield ast.Call(call.func, [], [])


def blocking(node: ast.AST, names: dict[str, ast.AST], seen: frozenset[str] = frozenset()) -> str:
    for one in used(node):
        if found := BLOCKING.search(ast.unparse(one)):
            return found[1]
        for name in {each.id for each in ast.walk(one) if isinstance(each, ast.Name)} & names.keys() - seen:
            if deeper := blocking(names[name], names, seen | {name}):
                return f"{name}: {deeper}"
    return ""


@pytest.mark.parametrize("app", APPS, ids=lambda path: path.parent.name)
def test_no_handler_blocks_the_loop(app: Path) -> None:
    tree = ast.parse(app.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef) and any(ROUTE.match(ast.unparse(d)) for d in node.decorator_list):
            assert blocking(node, named(tree)) == "", f"{node.name}, line {node.lineno}, blocks"
