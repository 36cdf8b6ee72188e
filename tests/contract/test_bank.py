"""Every scenario's bank is complete and well-formed: what is right and wrong in it is proven elsewhere, by running it.

What a team sees of a fix is its title, its diff and the conditions to choose from.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from lab import bank, lesson, private, scenario, trial
from lab.bank import Bank, Fix, Patch
from lab.drill import chain
from lab.errors import LabError, UsageError
from lab.workspace import EDITABLE

ROOT = Path(__file__).parents[2]
IDS = sorted(path.parent.parent.name for path in scenario.FOLDER.glob("*/private/fixes"))
BANKS: dict[str, Bank] = {found: bank.load(found) for found in IDS}
PATCHES: list[tuple[str, str, Patch]] = [
    (found, name, one.patch)
    for found, of in BANKS.items()
    for name, one in [*of.fixes.items(), *((f"relatives/{name}", one) for name, one in of.relatives.items())]
    if not isinstance(one, Fix) or one.deploy
]
EACH_PATCH = pytest.mark.parametrize(
    "patch", [patch for *_, patch in PATCHES], ids=[f"{found}/{name}" for found, name, _ in PATCHES]
)
EACH_BANK = pytest.mark.parametrize("found", BANKS.values(), ids=IDS)
LARGEST = 200  # changed lines: more than that nobody reviews within minutes
JUDGING = re.compile(
    r"\b(right(?! (after|away|before))|wrong|correct(ly)?|incorrect(ly)?|proper(ly)?|naive|broken|bad|faulty|faults?"
    r"|bugs?|fake|cheat|pretend|workaround|symptoms?|only hides?|root cause|incomplete|harmless|useless)\b",
    re.IGNORECASE,
)


def changed(diff: str) -> int:
    """Lines that are added or taken away."""
    return sum(line[0] in "+-" and not line.startswith(("+++ ", "--- ")) for line in diff.splitlines() if line)


def questions(app: Path) -> set[str]:
    """Method and path of each that a service answers."""
    return set(re.findall(r"@app\.((?:get|post)\(\"[^\"]+\")", app.read_text()))


def added(diff: str) -> str:
    return "\n".join(line[1:] for line in diff.splitlines() if line.startswith("+") and not line.startswith("+++ "))


def test_every_scenario_with_an_incident_has_a_bank_and_a_trial() -> None:
    assert IDS == ["batch-export", "flash-sale", "month-end-import"]
    incidents = [one.id for one in scenario.load_all() if not private.load(one.id).control]
    assert sorted(incidents) == IDS
    for found in incidents:
        assert trial.load(found).components, f"{found} has no trial"


@EACH_BANK
def test_there_is_enough_of_everything(found: Bank) -> None:
    assert len(found.wrong) >= 10
    assert len(found.right) >= 4
    assert len(found.relatives) >= 4


@EACH_BANK
def test_there_is_one_guardrail(found: Bank) -> None:
    home = scenario.FOLDER / found.scenario_id / "private"
    assert len(list(home.glob("guardrail.*"))) == 1
    example = bank.guardrail(found.scenario_id)
    assert example and 0 < len(example.text.splitlines()) <= 60


@EACH_BANK
def test_a_review_can_be_drawn(found: Bank) -> None:
    """Four patches, of which at least two are wrong, and not the same ones every time."""
    assert sum(not fix.right for fix in found.for_review) >= 5
    assert sum(fix.right for fix in found.for_review) >= 3


@EACH_BANK
def test_a_title_does_not_judge(found: Bank) -> None:
    titles = [fix.title for fix in found.fixes.values()]
    assert len(set(titles)) == len(titles)
    assert [title for title in titles if JUDGING.search(title)] == []


@EACH_BANK
def test_actions_are_done_to_what_exists(found: Bank) -> None:
    alerts = {
        rule.get("alert")
        for path in (ROOT / "alerts" / "rules").glob("*.yml")
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    }
    for action in (action for fix in found.fixes.values() for action in fix.actions):
        for service in (action.restart, action.stop):
            assert not service or (ROOT / "services" / service / "app.py").is_file()
        assert not action.silence or action.silence in alerts
        assert not action.load_stop or action.load_stop in {one.profile for one in scenario.load_all()}


@EACH_BANK
def test_an_action_alone_has_no_files(found: Bank) -> None:
    assert [fix.name for fix in found.fixes.values() if not fix.deploy and fix.patch.files()] == []


@EACH_PATCH
def test_it_changes_something_and_not_too_much(patch: Patch) -> None:
    assert patch.files(), f"{patch.folder} has no files of a service"
    below = patch.base.files() if patch.base else {}
    for name, path in patch.files().items():
        before = below.get(name, ROOT / "services" / name)
        assert path == before or not before.is_file() or path.read_bytes() != before.read_bytes(), (
            f"{name} is as it was"
        )
    size = changed(patch.diff())
    assert 0 < size <= LARGEST, f"{size} changed lines; re-base {patch.folder} if the services have changed"


@EACH_PATCH
def test_no_question_to_a_service_is_lost(patch: Patch) -> None:
    """A patch has whole files: one that was made before a service had a new question would take it away."""
    for name, path in patch.files().items():
        if name.endswith("/app.py"):
            assert questions(ROOT / "services" / name) <= questions(path), name


@EACH_PATCH
def test_its_comments_do_not_judge(patch: Patch) -> None:
    found = [line for line in added(patch.diff()).splitlines() if "noqa" in line or "FIXME" in line]
    assert found == []


@EACH_PATCH
def test_its_migrations_only_follow(patch: Patch) -> None:
    """What a release has brought is never changed: the database has it already."""
    for name in patch.files():
        assert "/migrations/" not in name or not (ROOT / "services" / name).exists()


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every patch as a release, all below one folder."""
    folder = tmp_path_factory.mktemp("releases")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for found, name, patch in PATCHES:
        release = folder / found / name
        patch.overlay(ROOT / "services", release)
        for service in {Path(file).parts[0] for file in patch.files()} ^ set(EDITABLE):
            shutil.rmtree(release / service)  # as shipped: nothing to look at
    return folder


def test_they_compile(releases: Path) -> None:
    for path in releases.rglob("*.py"):
        compile(path.read_text(), str(path), "exec")


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_ruff_has_nothing_to_say(releases: Path, command: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", "."], cwd=releases, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-1000:]


@EACH_BANK
def test_the_lesson_is_told(found: Bank) -> None:
    told = lesson.load(found.scenario_id)
    assert [hint for hint in told.hints if "?" not in hint] == [], "hints are questions"
    assert 100 < len(told.debrief.split()) < 700


@pytest.mark.parametrize("scenario_id", [one.id for one in scenario.load_all()])
def test_every_piece_of_evidence_is_of_a_link_and_the_page_of_one(scenario_id: str) -> None:
    evidence = private.evidence(scenario_id)
    patterns = {one.name for kind in evidence.kinds for one in getattr(evidence, kind)}
    named = {name for link in lesson.load(scenario_id).chain for name in link.evidence}
    assert named == patterns | {chain.PAGE}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The folder of one small bank, scenarios/one/private."""
    for name, says in {
        "fixes/plain": "title: Ask once instead of twice\nright: true\nwhy: Because asking once is all that it takes.",
        "fixes/onward": "title: Ask not at all any more\nright: false\nover: plain\ncondition: nobody-asks\n"
        "verdicts: [regressed]\nwhy: Nobody is asked, and everybody hangs.",
    }.items():
        (tmp_path / "one" / "private" / name / "billing").mkdir(parents=True)
        (tmp_path / "one" / "private" / name / "fix.yaml").write_text(says + "\n")
        (tmp_path / "one" / "private" / name / "billing" / f"{Path(name).name}.py").write_text(f"# {name}\n")
    return tmp_path / "one" / "private"


def test_what_lies_over_a_fix_has_both(home: Path, tmp_path: Path) -> None:
    patch = bank.load("one", tmp_path).fix("onward").patch
    assert list(patch.files()) == ["billing/plain.py", "billing/onward.py"]
    patch.overlay(ROOT / "services", tmp_path / "release")
    assert {path.name for path in (tmp_path / "release").iterdir()} == set(EDITABLE)
    assert (tmp_path / "release" / "billing" / "plain.py").is_file()
    assert (tmp_path / "release" / "billing" / "app.py").is_file()
    assert "--- /dev/null\n+++ b/billing/onward.py\n@@ -0,0 +1 @@\n+# fixes/onward\n" in patch.diff()


@pytest.mark.parametrize(
    "before, after, sentence",
    [
        ("right: false", "right: true", "neither condition nor verdicts"),
        ("condition: nobody-asks\n", "", "needs its condition"),
        ("nobody-asks", "Nobody asks", "condition"),
        ("[regressed]", "[verified]", "verdicts"),
        ("verdicts: [regressed]", "verdicts: [regressed]\nconditions: [a, b, c, d]", "not among the conditions"),
        ("verdicts: [regressed]", "verdicts: [regressed]\nreview: true", "has conditions to choose from"),
        ("verdicts: [regressed]", "verdicts: [regressed]\ndeploy: false", "there must be actions"),
        ("verdicts: [regressed]", "verdicts: [regressed]\nactions: [{stop: billing, restart: billing}]", "is one of"),
        ("over: plain", "over: plane", "nothing named 'plane'"),
        ("over: plain", "over: onward", "nothing named 'onward'"),
        ("right: false", "right: [", "cannot be read"),
    ],
)
def test_a_mistake_is_one_sentence(home: Path, tmp_path: Path, before: str, after: str, sentence: str) -> None:
    path = home / "fixes" / "onward" / "fix.yaml"
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(LabError, match=sentence) as caught:
        bank.load("one", tmp_path)
    assert "\n" not in str(caught.value)


def test_files_of_other_services_are_refused(home: Path, tmp_path: Path) -> None:
    (home / "fixes" / "plain" / "processor").mkdir()
    (home / "fixes" / "plain" / "processor" / "money.py").write_text("")
    with pytest.raises(LabError, match="of no service that a team may edit"):
        bank.load("one", tmp_path).fix("plain").patch.files()


def test_an_unknown_fix_is_refused(home: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="it has onward, plain"):
        bank.load("one", tmp_path).fix("plane")
