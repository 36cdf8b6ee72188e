"""The fix: the folder that is shown to the browser, what it changes, releases and verdicts; and the review bench."""

import io
import re
import tarfile
from pathlib import Path

from playwright.sync_api import Page, expect

from lab.drill import event as happened
from lab.workspace import EDITABLE
from tests.e2e.page.conftest import Room, workspace

SPEC = "# Team spec\n\n- Nobody waits for what they hold.\n"
RULE = "id: never-again\nlanguage: python\nrule: {pattern: eval($CODE)}\n"
# Chromium does not tell Playwright what is in a Blob.
KEEPS_WHAT_IS_SENT = """
const send = window.fetch;
window.fetch = (where, how) => {
  if (how?.body instanceof Blob) window.sent = how.body;
  return send(where, how);
};
"""


def choose(page: Page, folder: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose the workspace’s folder").click()
    chooser.value.set_files(folder)


def test_what_a_browser_packs_is_what_labctl_packs(room: Room, look, tmp_path: Path) -> None:
    long = f"billing/{'deep-' * 15}er/{'name-' * 15}.py"
    folder = workspace(
        tmp_path / "w", {long: "x = 1\n", "billing/größe.py": "y = 2\n", "notes.txt": "mine", ".git/HEAD": "x"}
    )
    (folder / "billing" / "__pycache__").mkdir()
    (folder / "billing" / "__pycache__" / "x.pyc").write_bytes(b"\0")
    room.fixing()
    viewer = look(room.url)
    viewer.page.add_init_script(KEEPS_WHAT_IS_SENT)
    page = viewer.go("/mend")
    choose(page, folder)
    with page.expect_response("**/api/drill/diff"):
        page.get_by_role("button", name="Show what it changes").click()
    sent_bytes = bytes(page.evaluate("async () => [...new Uint8Array(await sent.arrayBuffer())]"))
    with tarfile.open(fileobj=io.BytesIO(sent_bytes), mode="r:gz") as tar:
        sent = {member.name: tar.extractfile(member).read() for member in tar}
    below = [
        path
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] in (*EDITABLE, "tests", "guardrails", "team-spec.md")
    ]
    wanted = [path for path in below if "__pycache__" not in path.parts and not path.name.startswith(".")]
    assert sent == {path.relative_to(folder).as_posix(): path.read_bytes() for path in wanted}
    expect(page.locator(".diff summary")).to_have_count(2)
    expect(page.locator(".diff")).to_contain_text("größe.py new +1 −0")


def test_a_folder_that_is_no_workspace_is_refused(room: Room, look, tmp_path: Path) -> None:
    room.fixing()
    page = look(room.url).go("/mend")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.py").write_text("x")
    choose(page, tmp_path / "other")
    expect(page.get_by_text("There is no billing/app.py in that folder")).to_be_visible()
    gone = workspace(tmp_path / "w")
    (gone / "orders" / "app.py").unlink()
    choose(page, gone)
    expect(page.get_by_text("orders/app.py is gone")).to_be_visible()
    expect(page.get_by_role("button", name="Deploy it")).to_be_hidden()


def test_a_deploy_is_followed_step_by_step_by_everybody(room: Room, look, tmp_path: Path) -> None:
    room.fixing()
    one, other = look(room.url), look(room.url)
    page, beside = one.go("/mend"), other.go("/mend")
    choose(page, workspace(tmp_path, {"billing/more.py": "x = (\n"}))
    page.get_by_role("button", name="Deploy it").click()
    for each in (page, beside):
        expect(each.locator(".deploy-steps")).to_contain_text("unpack")
        expect(each.get_by_text("The release was refused, and nothing has changed.")).to_be_visible()
        expect(each.locator(".deploy-steps")).to_contain_text("billing/more.py cannot be read by Python")


def test_a_file_that_has_changed_since_is_said(room: Room, look, tmp_path: Path) -> None:
    room.fixing()
    page = look(room.url).go("/mend")
    folder = workspace(tmp_path)
    choose(page, folder)
    (folder / "billing" / "app.py").write_text("x = 2\n")
    page.get_by_role("button", name="Show what it changes").click()
    expect(page.get_by_text("choose it again")).to_be_visible()
    choose(page, folder)
    page.get_by_role("button", name="Show what it changes").click()
    expect(page.locator(".diff")).to_contain_text("x = 2")


def test_releases_their_diffs_and_the_verdicts_stand_beside_each_other(room: Room, look, tmp_path: Path) -> None:
    room.fixing()
    changed = workspace(tmp_path, {"orders/more.py": "answer = 42\n"})
    name = room.releases.add(changed)
    room.say(happened.Deployed(release=name, services=["orders"], healthy=True))
    checks = [
        {
            "name": "orders at once, P99",
            "of": "incident",
            "passed": False,
            "figure": 5.01,
            "bound": 2.5,
            "unit": "s",
            "note": "",
        },
        {
            "name": "one key, 50 times",
            "of": "promise",
            "passed": True,
            "figure": 1,
            "bound": 1,
            "unit": "charges",
            "note": "",
        },
    ]
    room.say(happened.Verified(release=name, verdict="symptom-only", checks=checks), who="lab")
    page = look(room.url).go("/mend")
    expect(page.get_by_text(f"Runs: {name}. Verdict: symptom-only.")).to_be_visible()
    row = page.get_by_role("row", name=name)
    row.get_by_role("button", name="Show the diff").click()
    expect(page.locator(".diff")).to_contain_text("answer = 42")
    page.get_by_text(f"{name}: symptom-only").click()
    expect(page.get_by_text("The incident comes back.", exact=True)).to_be_visible()
    figures = page.get_by_role("row", name="orders at once, P99").get_by_role("cell")
    expect(figures.nth(1)).to_have_text("5.01 s")
    expect(figures.nth(2)).to_have_text("at most 2.5 s")
    expect(page.locator("tr.failed")).to_have_count(1)


def test_the_brief_waits_until_ai_is_open(room: Room, look) -> None:
    room.dark()
    viewer = look(room.url)
    page = viewer.go("/mend")
    expect(page.get_by_text("AI opens when a root cause has been accepted")).to_be_visible()
    room.say(happened.Overridden(why="shown"), happened.Entered(phase="ai-fix", why="overridden"), who="instructor")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download").click()
    assert "# Brief for an assistant" in Path(saved.value.path()).read_text()
    assert saved.value.suggested_filename == "brief-d-1.md"


def test_four_patches_are_decided_on_and_what_came_of_it_is_seen_by_all(room: Room, look) -> None:
    room.fixing()
    page = look(room.url).go("/review")
    patches = page.locator("[data-patch]")
    expect(patches).to_have_count(4)
    expect(patches.first.locator(".diff tr.added").first).to_be_visible()
    expect(page.get_by_text("4 patches to decide on.")).to_be_visible()
    patches.nth(0).get_by_role("radio", name="Accept").check()
    patches.nth(1).get_by_role("radio", name="Reject").check()
    condition = patches.nth(1).get_by_role("combobox")
    named = condition.locator("option").nth(2).get_attribute("value")
    condition.select_option(named)
    expect(page.get_by_text("2 patches to decide on.")).to_be_visible()
    page.get_by_role("button", name="Run all of them").click()
    expect(page.get_by_text("Decide on all of them before any is run; left: patch-3, patch-4.")).to_be_visible()
    page.reload()
    expect(patches.nth(0).get_by_role("radio", name="Accept")).to_be_checked()
    expect(patches.nth(1).get_by_role("combobox")).to_have_value(named)
    room.say(
        *(
            happened.Reviewed(patch=f"patch-{n}", accepted=n < 3, condition="" if n < 3 else named, right=n != 2)
            for n in range(1, 5)
        )
    )
    expect(patches.nth(1)).to_contain_text("Accepted, wrongly.")
    expect(page.get_by_text("3 of 4 decisions were right.")).to_be_visible()
    expect(patches.nth(0).get_by_role("radio", name="Accept")).to_be_disabled()
    other = look(room.url, "instructor").go("/review")
    expect(other.get_by_text("3 of 4 decisions were right.")).to_be_visible()


def test_a_bench_that_is_looked_at_while_the_drill_is_paused_begins_when_it_goes_on(room: Room, look) -> None:
    room.fixing()
    room.say(happened.Paused(why="lunch"), who="instructor")
    page = look(room.url).go("/review")
    expect(page.get_by_text("The drill is paused: the patches are shown when it goes on.")).to_be_visible()
    expect(page.get_by_role("button", name="Run all of them")).to_be_hidden()
    expect(page.get_by_text("All are decided on.")).to_be_hidden()
    room.say(happened.Resumed(why="it was good"), who="instructor")
    expect(page.locator("[data-patch]")).to_have_count(4)
    expect(page.get_by_text("4 patches to decide on.")).to_be_visible()
    run = page.get_by_role("button", name="Run all of them")
    run.click()
    expect(page.get_by_text(re.compile("^Decide on all of them before any is run; left: patch-1,"))).to_be_visible()
    run.focus()
    page.evaluate("window.kept = document.activeElement")
    page.locator("[data-patch]").first.get_by_role("radio", name="Accept").check()
    assert page.evaluate("window.kept.isConnected")


def test_a_reason_to_go_back_outlives_the_next_release(room: Room, look, tmp_path: Path) -> None:
    room.fixing()
    first = room.releases.add(workspace(tmp_path / "one", {"orders/more.py": "answer = 42\n"}))
    room.say(happened.Deployed(release=first, services=["orders"], healthy=True))
    page = look(room.url).go("/mend")
    back = page.get_by_role("row", name=first)
    back.locator("summary").click()
    page.keyboard.type("it was ")
    second = room.releases.add(workspace(tmp_path / "two", {"orders/more.py": "answer = 43\n"}))
    room.say(happened.Deployed(release=second, services=["orders"], healthy=True))
    expect(page.get_by_role("row", name=second)).to_be_visible()
    page.keyboard.type("better")
    expect(back.get_by_role("textbox")).to_have_value("it was better")


def test_spec_and_guardrail_are_handed_in_from_the_same_folder(room: Room, look, tmp_path: Path) -> None:
    room.learning()
    folder = workspace(
        tmp_path,
        {
            "team-spec.md": SPEC,
            "guardrails/lint/never-again.yml": RULE,
            "guardrails/tests/test_x.py": "def test(): ...\n",
        },
    )
    page = look(room.url).go("/postmortem")
    expect(page.get_by_text("The team spec has not changed.")).to_be_visible()
    choose(page, folder)
    page.get_by_role("button", name="Hand in the team spec").click()
    expect(page.get_by_text("The team spec has changed in 1 line.")).to_be_visible()
    expect(page.locator(".diff tr.added")).to_contain_text("Nobody waits for what they hold.")
    choice = page.get_by_label("Guardrail")
    assert choice.locator("option").all_inner_texts() == [
        "guardrails/lint/never-again.yml",
        "guardrails/tests/test_x.py",
    ]
    page.get_by_role("button", name="Try whether it bites").click()
    expect(page.get_by_text("The runner does not answer")).to_be_visible()
    found = {
        "faulty_caught": True,
        "relatives_caught": 5,
        "relatives": 8,
        "fix_silent": True,
        "right_silent": 6,
        "right": 6,
    }
    room.say(
        happened.GuardrailProven(
            name="guardrails/lint/never-again.yml", bites=True, found=found | {"bites": True, "why": ""}
        )
    )
    expect(page.get_by_text("guardrails/lint/never-again.yml bites.")).to_be_visible()
