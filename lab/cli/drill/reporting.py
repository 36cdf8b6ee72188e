"""`labctl drill report` for people: what the drill came to, in the order in which it happened."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from lab.cli.drill.showing import clock
from lab.drill.postmortem import latest

TIMES = {
    "detect_s": "page, after the load turned",
    "acknowledge_s": "acknowledged",
    "mitigate_s": "mitigated",
    "cause_s": "root cause",
    "verified_s": "verified fix",
}


def lines(found: Mapping[str, Any]) -> Iterator[Text]:
    """`found` as warroom gives it. Times but the first are minutes and seconds since the page."""
    yield _title(found)
    if found.get("why"):
        yield Text(f"Aborted: {found['why']}")
    sections = {"Times": _times(found), "Harm": _harm(found), "Response": _response(found), "Fix": _fix(found)}
    for title, facts in sections.items():
        yield Text(f"\n{title}", style="bold")
        for name, value in facts:
            yield Text.assemble((f"  {name:<28}", "dim"), value)
    if found.get("owed"):
        yield Text("\nOwed", style="bold")
        yield from (Text(f"  {one}") for one in found["owed"])
    for part, text in (found.get("written") or {}).items():
        yield Text(f"\n{part.replace('-', ' ').capitalize()}", style="bold")
        yield Text(text)


def _title(found: Mapping[str, Any]) -> Text:
    kind = "assessment" if found.get("assessment") else "practice"
    facts = [f"Drill {found.get('id')}", found.get("scenario"), found.get("team") and f"team {found['team']}", kind]
    if found.get("profile"):
        facts.append(f"{found['profile']} minutes" + (f" at pace {found['pace']:g}" if found.get("pace") != 1 else ""))
    ended = found.get("outcome") or found.get("phase") or ""
    points = "" if found.get("points") is None else f", {found['points']} points"
    return Text.assemble((", ".join(filter(None, facts)), "bold"), f": {ended}{points}")


def _times(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    more = {
        "acknowledge_s": ["after an escalation"] if found.get("escalated") else [],
        "cause_s": [
            f"{found.get('tries') or 0} handed in",
            f"{found.get('hints') or 0} hints",
            *(["given by the instructor"] if found.get("overridden") else []),
            *(["guided"] if found.get("guided") else []),
        ],
    }
    times = found.get("times") or {}
    for name, title in TIMES.items():
        yield title, "; ".join([clock(times.get(name)), *([", ".join(more[name])] if more.get(name) else [])])


def _harm(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    harm = found.get("harm")
    if harm is None:
        yield "not known", "–"
        return
    yield "outside the SLO", clock(harm["out_of_slo_s"])
    yield "orders lost", str(harm["orders_lost"])
    yield "money wrong", f"{harm['money_wrong_cents'] / 100:.2f}"


def _response(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if judged := found.get("assessed"):
        yield "severity", f"{judged['severity']}: {judged['hurt']}"
    for one in found.get("actions") or ():
        yield one["action"], f"{', '.join(one['on'])}: {one['why']}".removeprefix(": ")
    lost = found.get("unanswered") or 0
    yield "requests to AI", f"{found.get('asked') or 0}{f', {lost} unanswered' if lost else ''}"


def _fix(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    review = found.get("review") or {}
    if sum(review.values()):
        caught, through = review["wrong_caught"], review["wrong_let_through"]
        accepted, refused = review["right_accepted"], review["right_refused"]
        missed = review.get("wrong_condition") or 0
        reason = f" ({missed} more for another reason)" if missed else ""
        wrong = f"{caught} of {caught + through + missed} wrong patches caught{reason}"
        yield "review bench", f"{wrong}, {accepted} of {accepted + refused} right ones accepted"
    for one in found.get("deployed") or ():
        broken = "" if one["healthy"] else ", rolled back: it did not become healthy"
        yield f"deployed {one['release']}", f"{', '.join(one['services'])}{broken}"
    for one in found.get("verdicts") or ():
        yield f"verdict on {one['release']}", one["verdict"]
    tries = Counter(one["name"] for one in found.get("guardrails") or ())
    for one in latest(found.get("guardrails") or ()):
        tried = f" ({one['release']})" if one.get("release") else ""
        times = f", tried {tries[one['name']]} times" if tries[one["name"]] > 1 else ""
        yield "guardrail", f"{one['name']}: {'bites' if one['bites'] else 'does not bite'}{tried}{times}"
    yield "team spec", "changed" if found.get("spec_changed") else "not changed"
