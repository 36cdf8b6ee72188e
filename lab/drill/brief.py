"""The brief: what an assistant needs to implement the fix, whichever assistant that is.

It says what the team has found and what the company promises, and nothing that the team does not know.
"""

import re
from collections.abc import Iterable, Sequence

from lab.drill.cause import MECHANISMS
from lab.drill.drill import Drill

# What is measured when the fix is verified, in the words of the team spec; how is the referee's business.
ACCEPTANCE = (
    "The incident's load comes again at four times its concurrency, and customers stay inside the service levels.",
    "After it they are back inside them within 10 s, without a restart.",
    "Both books agree to the cent; an idempotency key that is sent again, or many times together, charges once.",
    "Orders, lists and exports hold what the team spec promises.",
    "While something that a service depends on is down, it answers fast and says so.",
    "Every alert of the incident resolves, and telemetry stays what it was.",
    "The services' own tests pass, and the previous release can run beside any migration.",
    "A new test or lint rule fails on the code as it was.",
)
_PROMISE = re.compile(r"^(?:## +(?P<heading>.+)|[-*] +(?P<bullet>.+(?:\n +\S.*)*)|\|(?P<row>.+)\|) *$", re.MULTILINE)


def constraints(spec: str) -> list[tuple[str, list[str]]]:
    """The team spec's promises: (heading, lines), a line for each bullet and for each row of a table."""
    found: list[tuple[str, list[str]]] = []
    for match in _PROMISE.finditer(spec):
        if heading := match["heading"]:
            found.append((heading.strip(), []))
        elif not found:
            continue
        elif bullet := match["bullet"]:
            found[-1][1].append(_line(bullet))
        else:
            first, *others = (cell.strip() for cell in match["row"].split("|"))
            if first.strip(
                "-: "
            ):  # neither a table's head, which begins with an empty cell here, nor the line below it
                found[-1][1].append(": ".join([first, *others]))
    return [(heading, lines) for heading, lines in found if lines]


def brief(drill: Drill, spec: str, files: Iterable[str]) -> str:
    """Markdown. `spec` is the team spec; `files` are those of the services, as `billing/app.py`, of which the accepted
    component's are named, or all."""
    parts = [
        "# Brief for an assistant",
        "An incident in a small company's back end has been investigated by people. Help to implement the fix: propose "
        "a small patch, say what it changes and why, and name what it may break. People review it before a deploy.",
        *_cause(drill),
        *_code(drill, sorted(files)),
        "## Constraints",
        "From `team-spec.md`; a change that breaks one of these lines is wrong.",
    ]
    for heading, lines in constraints(spec):
        parts += [f"### {heading}", _list(lines)]
    parts += ["## Acceptance checks", _list(ACCEPTANCE)]
    return "\n\n".join(parts) + "\n"


def _cause(drill: Drill) -> list[str]:
    cause = drill.cause
    if cause is None:
        how = "The instructor accepted it by hand" if drill.overridden else "None was accepted"
        return ["## Root cause", f"{how}. The team writes here what it knows; `labctl drill report` has it."]
    lines = [
        f"component: `{_line(cause.component)}`",
        f"mechanism: `{_line(cause.mechanism)}`: {MECHANISMS.get(cause.mechanism, 'as the team names it')}",
        *([f"place: {_line(cause.location)}"] if cause.location.strip() else []),
        f"in the team's words: {_line(cause.sentence)}",
    ]
    held = [piece for piece in cause.pieces if piece["held"]]
    evidence = [": ".join(filter(None, (_code_span(one["ref"]), _line(one.get("why", ""))))) for one in held]
    return ["## Root cause", _list(lines), "## Evidence", "Checked against the lab's own telemetry:", _list(evidence)]


def _code(drill: Drill, files: Sequence[str]) -> list[str]:
    own = [name for name in files if drill.cause and name.startswith(f"{drill.cause.component}/")] or files
    services = ", ".join(sorted({f"`{name.partition('/')[0]}`" for name in files}))
    text = f"Python, FastAPI and PostgreSQL; {services} may be changed. The team attaches what matters of:"
    return ["## Files", text, _list(f"`{name}`" for name in own)]


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _line(text: object) -> str:
    return " ".join(str(text).split())


def _code_span(text: object) -> str:
    """https://spec.commonmark.org/0.31.2/#code-spans: a fence longer than any run of backticks inside."""
    line = _line(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    return f"{fence} {line} {fence}" if "`" in line else f"{fence}{line}{fence}"
