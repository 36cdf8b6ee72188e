"""Documents as tests: every command that they name exists, with its options, every link leads somewhere, and every test
that they name is there."""

import itertools
import re
import shlex
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import click
import pytest
import yaml

from lab.cli import labctl
from lab.drill.patterns import Evidence
from lab.runtime.state import ROOT

PAGES = [
    path
    for pattern in ("README.md", "docs/*.md", "workspace/**/*.md", "alerts/runbooks/*.md", "benchmarks/*.md")
    for path in sorted(ROOT.glob(pattern))
    if path.name != "commands.md"  # made from --help
]
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"(?:^|(?<=[;|&(]) *)(?:[A-Z_]+=\S* +)*(?:python3 \S*labctl\.py|labctl) +(.+)")


class Call(NamedTuple):
    page: str
    text: str


def calls(page: str, text: str) -> Iterator[Call]:
    """Each `labctl …` in a code span, and each line of a shell block that begins with one."""
    for language, block in FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines() if language == "sh" else ():
            if found := CALL.search(line.partition(" #")[0]):
                yield Call(page, _closed(line[: found.start(1)], found[1].strip()))
    for span in re.findall(r"`([^`]+)`", FENCE.sub("", text)):
        if found := CALL.match(" ".join(span.split())):
            yield Call(page, found[1])


def _closed(before: str, said: str) -> str:
    """Without the end of what was opened before it: `$(` or a quote."""
    if before.endswith("$(python3 labctl.py "):
        return said.partition(")")[0]
    return said.rpartition("'")[0] if before.count("'") % 2 else said


CALLS = sorted({call for name, path in zip(NAMES, PAGES, strict=True) for call in calls(name, path.read_text())})


def problem(text: str) -> str:
    """What is wrong with the words after `labctl`; empty if such a command and such options exist."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|;&>")
    lexer.whitespace_split = True
    words = list(itertools.takewhile(lambda word: word[0] not in "|;&>", lexer))
    command: click.Command = labctl
    while words and isinstance(command, click.Group):
        context = click.Context(command)
        if words[0] not in command.list_commands(context):
            break
        command = command.get_command(context, words.pop(0)) or command
    if words and isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        return f"there is no {words[0]!r}"
    if command.context_settings.get("ignore_unknown_options"):
        return ""
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
    for word in words:
        if word == "--":
            break
        if word.startswith("-") and word.partition("=")[0] not in known:
            return f"there is no option {word}"
    return ""


def test_there_is_something_to_look_at() -> None:
    assert len(CALLS) > 100
    assert len({call.text.split()[0] for call in CALLS}) > 15


@pytest.mark.parametrize("call", CALLS, ids=[f"{call.page}: {call.text}" for call in CALLS])
def test_a_command_in_the_documents_exists(call: Call) -> None:
    assert problem(call.text) == "", f"{call.page}: labctl {call.text}"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("drill start --random --as instructor", ""),
        ("pages ack p-1", ""),
        ("bench page_latency -- --times 10", ""),
        ("drill begin", "there is no 'begin'"),
        ("boom", "there is no 'boom'"),
        ("drill start --randomly", "there is no option --randomly"),
        ("load start flash-sale", ""),
    ],
)
def test_what_does_not_exist_is_found(text: str, wrong: str) -> None:
    assert problem(text) == wrong


def links(text: str) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text))


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(path: Path) -> None:
    text = path.read_text()
    for link in links(text):
        if re.match(r"https?:", link):
            continue
        target, _, anchor = link.partition("#")
        page = (path.parent / target).resolve() if target else path
        assert page.exists(), f"{path.name}: {link}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
            assert anchor in {_slug(heading) for heading in headings}, f"{path.name}: {link}"


def _slug(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def named_tests(text: str) -> list[str]:
    return re.findall(r"`(tests/[\w./-]+\.py)\b", FENCE.sub("", text))


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_a_test_that_is_named_is_there(path: Path) -> None:
    """Those of this repository; a workspace has tests of its own."""
    assert [name for name in named_tests(path.read_text()) if not (ROOT / name).is_file()] == []


def test_the_guides_are_linked_from_the_readme() -> None:
    linked = {link.partition("#")[0] for link in links((ROOT / "README.md").read_text())}
    assert {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} <= linked


def test_the_example_of_evidence_is_taken() -> None:
    text = (ROOT / "docs" / "add-a-scenario.md").read_text()
    example = re.search(r"^```yaml\n(symptoms:.+?)^```", text, re.MULTILINE | re.DOTALL)
    assert example
    evidence = Evidence.model_validate(yaml.safe_load(example[1]))
    assert {one.name for kind in evidence.kinds for one in getattr(evidence, kind)} == {
        "waited-for-a-connection",
        "none-left",
        "given-up",
    }


def test_a_teams_copy_holds_no_answers(tmp_path: Path) -> None:
    """The recipe of docs/instructor.md, as it stands there."""
    text = (ROOT / "docs" / "instructor.md").read_text()
    recipe = re.search(r"^(git archive HEAD .+?)^ +\|", text, re.MULTILINE | re.DOTALL)
    assert recipe
    made = subprocess.run(shlex.split(recipe[1].replace("\\\n", " ")), cwd=ROOT, capture_output=True, check=True)
    with tarfile.open(fileobj=BytesIO(made.stdout)) as tar:
        names = tar.getnames()
        tar.extractall(tmp_path, filter="data")
    told = {"private", "tests", "benchmarks", "warroom", "loadgen", ".git"}
    told |= {"drill.md", "figures.md", "add-a-scenario.md"}  # how the lab judges, and what it measured
    assert [name for name in names if name.startswith(("scenarios/", "services/")) or "/" not in name]
    assert [name for name in names if told & set(Path(name).parts[:3]) and not name.startswith("workspace/")] == []
    ran = subprocess.run(
        [sys.executable, "-m", "lab.cli", "scenarios", "--json"], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
