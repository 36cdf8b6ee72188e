"""The war room's drill: its API below /api/drill, as the team or as the instructor."""

from typing import Any, Self
from urllib.parse import quote

import httpx

from lab.errors import LabError, UsageError

ROOT = "/api/drill"
GZIP = {"Content-Type": "application/gzip"}
QUICK_S, SLOW_S = 10, 60  # a submission's evidence is looked up in four stores while the caller waits
LARGEST_RELEASE = 1024 * 1024  # bytes, packed; the war room takes no larger body


class Drill:
    """`url` is the war room's, such as http://127.0.0.1:8400. `token` says who speaks, `whose` what to call them.

    All methods give the war room's JSON as it is. What it refuses is a UsageError in its own words, and so is an
    instructor's action asked for by somebody else; LabError is what it could not do. Durations are seconds.
    """

    def __init__(
        self, url: str, token: str = "", whose: str = "team", *, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._whose = whose
        self._client = httpx.Client(
            base_url=url, headers=headers, timeout=QUICK_S, trust_env=False, transport=transport
        )

    def status(self) -> dict[str, Any]:
        """Where the drill is: `id, phase, elapsed_s, remaining_s, paused, page, root_cause, release, verdict, owed, …`;
        `preparing` says what a start is at."""
        return self._get("")

    def start(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Begins to prepare a drill. `wanted` has one of scenario, random and control, and what else differs from the
        usual: seed, now, pace, profile, assessment, team."""
        return self._post("/start", wanted, instructors="start a drill")

    def pause(self, why: str) -> dict[str, Any]:
        return self._post("/pause", {"why": why}, instructors="pause the drill")

    def resume(self, why: str) -> dict[str, Any]:
        return self._post("/resume", {"why": why}, instructors="let the drill go on")

    def advance(self) -> dict[str, Any]:
        return self._post("/advance", instructors="end a phase early")

    def hint(self) -> dict[str, Any]:
        return self._post("/hint", instructors="give a hint")

    def abort(self, why: str) -> dict[str, Any]:
        return self._post("/abort", {"why": why}, instructors="abort the drill")

    def override(self, why: str) -> dict[str, Any]:
        """Accepts the root cause by hand."""
        return self._post("/override", {"why": why}, instructors="accept a root cause by hand")

    def gate(self, turn: str, why: str) -> dict[str, Any]:
        """`turn` is open or shut."""
        return self._post(f"/gate/{turn}", {"why": why}, instructors=f"{'open' if turn == 'open' else 'shut'} the gate")

    def assess(self, severity: str, hurt: str) -> dict[str, Any]:
        return self._post("/assess", {"severity": severity, "hurt": hurt})

    def note(self, text: str) -> dict[str, Any]:
        return self._post("/note", {"text": text})

    def act(self, action: str, on: list[str], why: str) -> dict[str, Any]:
        return self._post("/act", {"action": action, "on": on, "why": why}, timeout_s=SLOW_S)

    def submit(self, submission: dict[str, Any]) -> dict[str, Any]:
        """`{accepted, pieces: [{ref, held, why}], cooldown_s, points}`."""
        return self._post("/submit", submission, timeout_s=SLOW_S)

    def probe(self, request: dict[str, Any]) -> dict[str, Any]:
        """Sends `{service, method, path, headers?, body?}` from the war room and records what came back:
        `{id, ref, status, headers, body, seconds, trace_id}`."""
        return self._post("/probes", request, timeout_s=SLOW_S)

    def write(self, part: str, text: str) -> dict[str, Any]:
        return self._post("/write", {"part": part, "text": text})

    def close_drill(self) -> dict[str, Any]:
        return self._post("/close")

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        """What happened after the event of that number, oldest first."""
        return self._get("/events", after=after)

    def report(self) -> dict[str, Any]:
        return self._get("/report")

    def history(self) -> list[dict[str, Any]]:
        return self._get("/history")

    def debrief(self) -> dict[str, Any]:
        """Only after the end."""
        return self._get("/debrief")

    def deploy(self, packed: bytes) -> dict[str, Any]:
        """Hands in a gzipped tar of the editable services; `deployment()` tells how it fares."""
        return self._answer("POST", "/deploy", content=packed, headers=GZIP, timeout=SLOW_S)

    def deployment(self) -> dict[str, Any]:
        """The latest deploy: `{state: running/deployed/refused/rolled-back/failed, release, services, steps, why}`, a
        step being `{name, state: running/passed/failed, detail}`."""
        return self._get("/deploy")

    def verify(self) -> dict[str, Any]:
        """Begins to replay the incident against what runs; `verification()` tells how it fares."""
        return self._post("/verify")

    def verification(self) -> dict[str, Any]:
        """The latest one: `{release, running, step, seconds, verdict, checks}`, a check being
        `{name, passed, figure, bound, unit, note}`."""
        return self._get("/verify")

    def bench(self) -> dict[str, Any]:
        """The review bench: `{patches: [{patch, title, diff, conditions}], outcome}`, the outcome None or a work."""
        return self._get("/review")

    def settle(self, decisions: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Takes `{accept, condition?}` for each patch and begins to run them; the outcome of `bench()` tells how that
        fares, as a work: `{running, step, result, why}`."""
        return self._post("/review", {"decisions": decisions})

    def prove(self, packed: bytes, path: str) -> dict[str, Any]:
        """Begins to try the guardrail at `path` of the packed workspace; `proof()` tells how that fares, as a work."""
        return self._answer("POST", "/guardrail", content=packed, headers=GZIP, params={"path": path}, timeout=SLOW_S)

    def proof(self) -> dict[str, Any]:
        return self._get("/guardrail")

    def spec(self, text: str) -> dict[str, Any]:
        """Hands in the team spec as the team has it now: `{lines}`, those that differ."""
        return self._post("/spec", {"text": text})

    def postmortem(self) -> dict[str, Any]:
        """`{markdown, html, parts: {part: question}, missing: [part]}`."""
        return self._answer("GET", "/postmortem", timeout=SLOW_S)

    def brief(self) -> str:
        """What to give to an assistant, as Markdown, once AI is open."""
        return self._get("/brief")["markdown"]

    def chain(self) -> list[dict[str, Any]]:
        """The causal chain, in a drill that has turned guided or is over: `{link, first_shown_by}`."""
        return self._get("/chain")

    def releases(self) -> list[dict[str, Any]]:
        """Oldest first: `{release, at, services, healthy, current}`."""
        return self._get("/releases")

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _get(self, path: str, **parameters: Any) -> Any:
        return self._answer("GET", path, params=parameters)

    def _post(
        self, path: str, body: dict[str, Any] | None = None, *, instructors: str = "", timeout_s: float = QUICK_S
    ) -> Any:
        return self._answer("POST", path, instructors=instructors, json=body or {}, timeout=timeout_s)

    def _answer(self, method: str, path: str, *, instructors: str = "", **arguments: Any) -> Any:
        """`instructors` ends the sentence 'Only an instructor may …', for what nobody else may ask for."""
        try:
            response = self._client.request(method, ROOT + quote(path), **arguments)
        except httpx.TimeoutException as error:
            raise LabError(
                "The war room took too long to answer; look at labctl drill status and labctl logs warroom."
            ) from error
        except httpx.HTTPError as error:
            raise LabError(
                f"The war room does not answer ({error}); see labctl status and labctl logs warroom."
            ) from error
        if response.status_code in (401, 403):
            if instructors and self._whose != "instructor":
                raise UsageError(f"Only an instructor may {instructors}; add --as instructor.")
            raise LabError(f"The war room does not take the {self._whose} token: {_detail(response)}")
        if response.is_client_error:
            raise UsageError(_detail(response))
        if response.is_error:
            raise LabError(f"The war room could not ({response.status_code}): {_detail(response)}")
        try:
            return response.json()
        except ValueError as error:
            raise LabError("The war room's answer is no JSON; is that its port? See labctl status.") from error


def _detail(response: httpx.Response) -> str:
    """The sentence of a problem+json answer, or one of ours where there is none."""
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = ""
    if isinstance(detail, str) and detail:
        return detail
    return f"The war room refused it with {response.status_code}; see labctl logs warroom."
