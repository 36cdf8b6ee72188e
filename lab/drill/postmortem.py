"""The post-mortem as Markdown: what the lab knows is filled in, what only people know is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from lab.drill import timeline
from lab.drill.plot import clock
from lab.drill.timeline import Told
from lab.drill.verdict import bound, measured

# The parts that people write, in the order in which they are read, with what each asks.
PARTS: Mapping[str, str] = {
    "summary": "What happened, to whom, and for how long, in three sentences that a customer could read?",
    "trigger": "What set it off that day?",
    "latent-defect": "What had been wrong before that, and since when?",
    "amplifier": "What made a small thing large, or kept it going?",
    "detection-gap": "What was already visible before the page, and why did nothing say so?",
    "review": "Why did tests and reviews let it pass?",
    "surprised": "What surprised you?",
    "lucky": "Where were you lucky?",
    "ai": "What did AI get wrong, or would have, and how was that noticed?",
    "prevent": "One action that prevents it: who, until when?",
    "detect": "One action that detects it sooner: who, until when?",
    "mitigate": "One action that makes it hurt less: who, until when?",
}
TIMES = {
    "detect_s": "trigger to page",
    "acknowledge_s": "page to acknowledgement",
    "mitigate_s": "page to customers being served again",
    "cause_s": "page to accepted root cause",
    "verified_s": "page to verified fix",
}


def missing(written: Mapping[str, str]) -> list[str]:
    """The parts that nobody has written yet."""
    return [part for part in PARTS if not written.get(part, "").strip()]


def markdown(title: str, report: Mapping[str, Any], events: Sequence[Told], spec: str = "") -> str:
    """`title` is the scenario's, `report` is lab.drill.report's, `spec` the change of the team spec as a diff."""
    parts = [f"# {_line(title)}", _head(report), _written(report, ("summary",)), _impact(report), _times(report)]
    parts += [_timeline(events), _cause(events), _written(report, tuple(PARTS)[1:9]), _fix(events)]
    parts += [_written(report, tuple(PARTS)[9:]), _lasting(report, spec)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(report: Mapping[str, Any]) -> str:
    kind = "assessment" if report["assessment"] else "practice"
    owed = f" Owed: {'; '.join(report['owed'])}." if report["owed"] else ""
    whose = f"Drill {report['id']} of team {_line(report['team'])}, {report['armed_at'][:16]}Z"
    return f"{whose}, {kind}; {report['phase']}.{owed}"


def _impact(report: Mapping[str, Any]) -> str:
    harm = report["harm"]
    rows = ["## Impact"]
    if report["assessed"]:
        rows.append(f"Judged **{report['assessed']['severity']}** at the time: {_line(report['assessed']['hurt'])}")
    if harm:
        rows += [
            "",
            f"- outside the promised service levels: {clock(harm['out_of_slo_s'])} minutes",
            f"- orders lost: {harm['orders_lost']}",
            f"- money wrong: {harm['money_wrong_cents'] / 100:.2f}",
        ]
    return "\n".join(rows) if len(rows) > 1 else ""


def _times(report: Mapping[str, Any]) -> str:
    rows = [
        f"| {text} | {clock(report['times'][name]) if report['times'][name] is not None else '–'} |"
        for name, text in TIMES.items()
    ]
    tries = f"Root causes handed in: {report['tries']}, hints: {report['hints']}."
    return "\n".join(["## How long it took", "", "| | m:ss |", "|---|---|", *rows, "", tries])


def _timeline(events: Sequence[Told]) -> str:
    rows = [f"| {clock(at)} | {who} | {_line(text)} |" for at, who, text in timeline.lines(events)]
    return (
        "\n".join(["## Timeline", "", "Since the page.", "", "| | who | what |", "|---|---|---|", *rows])
        if rows
        else ""
    )


def _cause(events: Sequence[Told]) -> str:
    found = next((one["what"] for one in events if one["what"].get("accepted") and "mechanism" in one["what"]), None)
    if found is None:
        return ""
    rows = ["## Root cause", "", f"**{found['mechanism']}** at **{found['component']}**, {_line(found['location'])}"]
    rows += ["", f"> {_line(found['sentence'])}", "", "Evidence:", ""]
    rows += [f"- {_code(str(piece.get('ref', '')))}" for piece in found["pieces"] if piece.get("held")]
    return "\n".join(rows)


def _fix(events: Sequence[Told]) -> str:
    verdicts = [one["what"] for one in events if one["what"]["kind"] == "verified"]
    if not verdicts:
        return ""
    last = verdicts[-1]
    rows = ["## Fix", "", f"{last['release']}: **{last['verdict']}**, after {len(verdicts)} verifications.", ""]
    rows += ["| check | measured | bound | |", "|---|---|---|---|"]
    for check in last["checks"]:
        figure = "–" if check["figure"] is None else measured(check)
        rows.append(
            f"| {_line(check['name'])} | {figure} | {bound(check) or '–'} | {'✓' if check['passed'] else '✗'} |"
        )
    return "\n".join(rows)


def _written(report: Mapping[str, Any], parts: Sequence[str]) -> str:
    return "\n\n".join(f"### {PARTS[part]}\n\n{report['written'].get(part) or '_(to be written)_'}" for part in parts)


def _lasting(report: Mapping[str, Any], spec: str) -> str:
    rows = ["## What stays"]
    rows += [
        f"- guardrail {_code(one['name'])}: {'bites' if one['bites'] else 'does not bite'}"
        for one in latest(report["guardrails"])
    ]
    rows += [f"- team spec: {'changed' if report['spec_changed'] else 'not changed'}"]
    return "\n".join(rows) + (f"\n\n```diff\n{spec.replace('```', '` ` `').rstrip()}\n```" if spec else "")


def latest(tried: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of guardrails that were tried again and again the last word on each."""
    return list({one["name"]: one for one in tried}.values())


def _code(text: str) -> str:
    """As it is, to be copied; a backtick would end it."""
    return f"`{' '.join(text.split()).replace('`', chr(39))}`"


def _line(text: str) -> str:
    """One line, in which nothing is markup."""
    flat = " ".join(str(text).split())
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in flat)
