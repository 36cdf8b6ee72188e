"""The three kinds of check, each a tool that is run on the tree and whose report is read."""

import json
import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from lab.errors import LabError, UsageError
from lab.runner.job import AstGrep, Finding, Job, Outcome, Pytest, Ruff
from lab.runner.sandbox import Ran, Sandbox, sandbox
from lab.runner.tree import unpack

SERVICES = Path(__file__).parents[2] / "services"  # kit is there, which the tree does not have
OUTPUT = 64 * 1024  # bytes
REPORT = 2 * 1024 * 1024  # bytes
MOST_FINDINGS = 200
HIDDEN = ("hidden", "dot", "exclude", "global", "parent", "vcs")  # what ast-grep would leave out
# Its own remarks on the comments that switch a rule off.
REMARKS = frozenset(("unused-suppression", "no-suppress-all"))


def run(job: Job, *, alone: bool = False) -> Outcome:
    """Does what the job says in a folder that is gone afterwards. UsageError for a job that makes no sense."""
    with sandbox(alone=alone) as box:
        unpack(job.packed(), box.tree)
        match job.run:
            case Pytest():
                return _pytest(box, job.run)
            case AstGrep():
                return _ast_grep(box, job.run)
            case Ruff():
                return _ruff(box, job.run)


def _pytest(box: Sandbox, wanted: Pytest) -> Outcome:
    _require(box, wanted.paths)
    report = box.folder / "report.xml"
    # Nothing above the tree is looked at: an earlier job may have left something there.
    config = box.tree / "pytest.ini"
    if not config.is_file():
        config = box.folder / "pytest.ini"
        config.write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "--import-mode=importlib", "-p", "no:cacheprovider"]
    command += [f"--config-file={config}", f"--rootdir={box.tree}", f"--confcutdir={box.tree}"]
    command += ["-p", "anyio.pytest_plugin", f"--junit-xml={report}", "-o", "junit_family=xunit1"]
    ran = box.run(
        [*command, "--", *wanted.paths],
        wanted.timeout_s,
        keep=OUTPUT,
        together=True,
        environment={"PYTHONPATH": str(SERVICES), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    cases = list(_cases(report))
    failed = [_failure(case) for case in cases if _verdicts(case) & {"failure", "error"}]
    # A test that was skipped proves nothing.
    why = "" if failed or any(not _verdicts(case) for case in cases) else "No test passed; the output says why."
    return _outcome(ran, wanted.timeout_s, failed, ran.out, why=why, ended_well=ran.exit_code == 0)


def _cases(report: Path) -> Iterator[ElementTree.Element]:
    """What the tests have written, or left unwritten: it is as trustworthy as they are, and need not be a file."""
    try:
        with open(os.open(report, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                yield from ElementTree.fromstring(file.read(REPORT)).iter("testcase")
    except (OSError, ElementTree.ParseError):
        return


def _verdicts(case: ElementTree.Element) -> set[str]:
    return {child.tag for child in case} & {"failure", "error", "skipped"}


def _failure(case: ElementTree.Element) -> Finding:
    verdict = next(child for child in case if child.tag in ("failure", "error"))
    line = case.get("line", "")
    return Finding(
        file=case.get("file", "")[:300],
        line=int(line) + 1 if line.isdecimal() else 0,
        rule=case.get("name", "")[:300],
        message=(verdict.get("message", "").strip() or verdict.tag)[:500],
    )


def _ast_grep(box: Sandbox, wanted: AstGrep) -> Outcome:
    _require(box, wanted.paths)
    _require(box, wanted.rules, files=True)
    # A configuration of ours: the tree's own could say what is not searched.
    rules = box.folder / "rules"
    rules.mkdir()
    for number, name in enumerate(wanted.rules):
        shutil.copyfile(box.tree / name, rules / f"{number:03}.yml")
    config = box.folder / "sgconfig.yml"
    config.write_text("ruleDirs: [rules]\n")
    command = [_tool("ast-grep"), "scan", f"--config={config}", "--json=stream", "--threads=2"]
    command += [f"--no-ignore={what}" for what in HIDDEN]
    ran = box.run([*command, "--", *wanted.paths], wanted.timeout_s, keep=REPORT)
    found = [
        Finding(
            file=one["file"].removeprefix("./"),
            line=one["range"]["start"]["line"] + 1,
            rule=one["ruleId"],
            message=(one["message"] or one["text"])[:500],
        )
        for one in _objects(ran.out)
        if one["ruleId"] not in REMARKS
    ]
    return _outcome(ran, wanted.timeout_s, found, ran.err, ended_well=ran.exit_code in (0, 1))


def _ruff(box: Sandbox, wanted: Ruff) -> Outcome:
    ranges = {name: lines for name, lines in wanted.ranges().items() if name.endswith((".py", ".pyi"))}
    if not ranges:
        return Outcome(passed=True, exit_code=0, seconds=0, output="None of the files is Python.", findings=[])
    _require(box, ranges, files=True)
    command = [_tool("ruff"), "check", "--output-format=json-lines", "--no-cache"]
    if wanted.select:
        command += ["--isolated", "--target-version=py311", "--line-length=120", f"--select={','.join(wanted.select)}"]
    ran = box.run([*command, "--", *ranges], wanted.timeout_s, keep=REPORT)
    found = []
    for one in _objects(ran.out):
        name = Path(one["filename"]).relative_to(box.tree).as_posix()
        first, last = one["location"]["row"], one["end_location"]["row"]
        unread = one["code"] in (None, "invalid-syntax")  # then nothing else in the file was looked at
        if unread or any(first < lines.stop and last >= lines.start for lines in ranges.get(name, [])):
            rule = "invalid-syntax" if unread else one["code"]
            found.append(Finding(file=name, line=first, rule=rule, message=one["message"][:500]))
    return _outcome(ran, wanted.timeout_s, found, ran.err, ended_well=ran.exit_code in (0, 1))


def _outcome(
    ran: Ran, timeout_s: float, found: list[Finding], output: str, *, why: str = "", ended_well: bool
) -> Outcome:
    if ran.exit_code is None:
        why = f"It was not done within {timeout_s:g} s and was ended."
    elif not ended_well and not found and not why:
        why = f"It ended with {ran.exit_code}; the output says why."
    return Outcome(
        passed=ended_well and not found and not why,
        exit_code=ran.exit_code,
        seconds=ran.seconds,
        output=output,
        findings=found[:MOST_FINDINGS],
        why=why,
    )


def _require(box: Sandbox, names: Iterable[str], *, files: bool = False) -> None:
    for name in names:
        if not (box.tree / name).exists() or (files and not (box.tree / name).is_file()):
            raise UsageError(f"The tree has no {name[:80]!r}; send it along, or name what is there.")


def _tool(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        raise LabError(f"{name} is not installed where the runner runs; install the lab's requirements there.")
    return found


def _objects(lines: str) -> Iterator[dict[str, Any]]:
    """JSON objects, one a line. Where the report was cut it ends."""
    for line in lines.splitlines():
        if line.startswith("{"):
            try:
                yield json.loads(line)
            except ValueError:
                return
