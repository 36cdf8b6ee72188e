"""guardrail: what would have caught it, begun from a scaffold and tried on code that nobody has seen."""

import re
from pathlib import Path

import click

from lab.cli import options
from lab.cli.drill import release, session, work
from lab.errors import CheckFailed, UsageError
from lab.runtime.base import Whose

LINT = """\
# https://ast-grep.github.io/guide/rule-config.html; by hand: ast-grep scan --rule {path} .
id: {name}
language: python
severity: error
message: Say what is wrong with such code, and what to write instead.
rule:
  # Describe what the code does rather than what it is called.
  pattern: eval($CODE)
"""
TEST = '''\
"""Say what must never be so again."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = ("billing", "checkout", "inventory", "orders", "promotions")


def is_like_it(node: ast.AST) -> bool:
    """Describe what the code does rather than what it is called."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "eval"


def test_{word}() -> None:
    found = [
        f"{{path}}:{{node.lineno}}"
        for service in SERVICES
        for path in sorted((ROOT / service).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if is_like_it(node)
    ]
    assert found == []
'''
SCAFFOLDS = {"lint": ("guardrails/lint/{name}.yml", LINT), "test": ("guardrails/tests/test_{word}.py", TEST)}


@click.group()
def guardrail() -> None:
    """Begin a guardrail, and try whether it bites."""


@guardrail.command()
@click.argument("kind", type=click.Choice(list(SCAFFOLDS)))
@click.argument("called", default="never-again", metavar="[NAME]")
@options.name
def new(name: str, kind: str, called: str) -> None:
    """Write the beginning of a lint rule or a test into the workspace; nothing is overwritten."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", called):
        raise UsageError(f"A guardrail cannot be called {called!r}: take words such as never-again.")
    place, text = SCAFFOLDS[kind]
    words = {"name": called, "word": called.replace("-", "_")}
    path = place.format(**words)
    target = opened(name) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("x") as file:
            file.write(text.format(**words, path=path))
    except FileExistsError as error:
        raise UsageError(f"{path} is there already; give another NAME.") from error
    click.echo(f"{target}\nChange it, then: labctl drill guardrail try {path}")


@guardrail.command("try")
@click.argument("path")
@options.as_json
@session.speaker
@options.name
def try_(name: str, whose: Whose | None, as_json: bool, path: str) -> None:
    """Try the guardrail at PATH on the code of that day, unseen relatives, your fix and other right ones.

    Exit code 3 if it does not bite.
    """
    inside = within(path, opened(name))
    with session.room(name, whose) as room:
        packed = release.pack(name, room)
        found = work.follow("trying", room.prove(packed, inside), room.proof)["result"]
    if as_json:
        options.print_json(found)
    else:
        day = "found" if found["faulty_caught"] else "not found"
        fix = "silent" if found["fix_silent"] else "not silent"
        click.echo(
            f"the code of that day: {day}\nits relatives: {found['relatives_caught']} of {found['relatives']} found\n"
            f"your fix: {fix}\nother right fixes: silent on {found['right_silent']} of {found['right']}"
        )
    if not found["bites"]:
        raise CheckFailed(found["why"])
    if not as_json:
        click.echo("It bites.")


def opened(name: str) -> Path:
    """The workspace's folder. Raises UsageError if there is none."""
    workspace = session.workspace(name)
    if not workspace.exists():
        raise UsageError("There is no workspace yet; labctl drill start opens one.")
    return workspace.path


def within(path: str, folder: Path) -> str:
    """The path as the workspace names it, where it was given from elsewhere. Raises UsageError if it is not in it."""
    found = next((one for one in (folder / path, Path(path).resolve()) if one.is_file()), None)
    if found is None or not found.is_relative_to(folder):
        raise UsageError(f"There is no {path} in {folder}; labctl drill guardrail new begins one.")
    return str(found.relative_to(folder))
