"""Root causes: the closed list of mechanisms, and what counts as naming the right one."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lab.drill.event import NO_INCIDENT
from lab.errors import UsageError
from lab.shape import Shape

# What goes wrong in systems like this one, most of which is not wrong here. The order is by field, not by likelihood.
MECHANISMS: Mapping[str, str] = {
    "binary-money": "amounts are computed in binary floating point or rounded at the wrong place",
    "integer-overflow": "a number outgrows its type",
    "unit-mismatch": "two sides take the same number in different units",
    "time-zone": "a moment is read in another zone, or a day has another length",
    "clock-skew": "clocks of two machines disagree",
    "unstable-key": "a request sent again is not recognised as the same one",
    "duplicate-delivery": "a message is delivered, and taken, more than once",
    "lost-update": "two writers overwrite each other",
    "stale-read": "what is read is older than what was written",
    "dirty-cache": "a cache answers with what is no longer true",
    "cache-stampede": "many ask the source at once because an entry has expired",
    "circular-wait": "requests wait for each other around a ring of services",
    "lock-order": "transactions take the same locks in different orders",
    "long-transaction": "one transaction holds locks that others wait for",
    "pool-too-small": "a pool has fewer connections or workers than steady traffic needs",
    "connection-leak": "connections are taken and not given back",
    "thread-leak": "threads or tasks are started and do not end",
    "memory-leak": "memory grows until the process is ended",
    "query-per-item": "a query or call for each item where one for all would do",
    "missing-index": "a query reads a whole table for want of an index",
    "plan-change": "the database has begun to run the same query another way",
    "blocking-call": "something that waits is called where nothing may wait",
    "head-of-line": "small work queues behind large work",
    "unbounded-queue": "work is taken in faster than it is done, without limit",
    "retry-storm": "clients repeat failed requests and so add to the load",
    "no-timeout": "a call may wait for ever",
    "short-timeout": "a call is given up on that would have been answered",
    "rate-limited": "somebody else's limit is reached",
    "dependency-down": "something outside does not answer or answers slowly",
    "bad-deploy": "a release brought the fault an hour or less ago",
    "bad-configuration": "a setting is wrong, not the code",
    "expired-credential": "a certificate, token or password has run out",
    "disk-full": "there is no room to write",
    "network": "packets are lost, or names are not resolved",
    "capacity": "there is simply more legitimate work than the machines can do",
    NO_INCIDENT: "nobody is hurt: objectives and books hold, and the page was about something harmless",
}
KINDS = ("trace", "metric", "log", "sql", "probe")


class Piece(BaseModel):
    """One reference to evidence, `kind:value`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    value: str

    @property
    def ref(self) -> str:
        return f"{self.kind}:{self.value}"


def piece(text: str) -> Piece:
    """Reads `trace:…`, `metric:…`, `log:…`, `sql:…` or `probe:…`."""
    kind, colon, value = text.strip().partition(":")
    if not colon or kind not in KINDS or not value.strip():
        raise UsageError(f"{text[:60]!r} is no reference to evidence: begin it with {':, '.join(KINDS)}:.")
    return Piece(kind=kind, value=value.strip())


class Submission(BaseModel):
    """What a team hands in. `location` is file and line or function; `sentence` says why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    component: Annotated[str, Shape(r"^[a-z][a-z-]{1,40}$", "is a service's name in small letters, such as billing")]
    mechanism: str
    location: str = Field(default="", max_length=300)
    sentence: str = Field(min_length=20, max_length=600)
    evidence: tuple[Piece, ...] = Field(min_length=2, max_length=8)

    @field_validator("mechanism")
    @classmethod
    def _is_listed(cls, value: str) -> str:
        if value not in MECHANISMS:
            raise ValueError("is not on the list; labctl drill mechanisms prints it")
        return value

    @field_validator("evidence", mode="before")
    @classmethod
    def _is_read(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        try:
            return tuple(piece(one) if isinstance(one, str) else one for one in value)
        except UsageError as error:
            raise ValueError(str(error)) from None

    @field_validator("evidence")
    @classmethod
    def _is_of_two_kinds(cls, value: tuple[Piece, ...]) -> tuple[Piece, ...]:
        if len({one.ref for one in value}) < len(value):
            raise ValueError("names one piece twice")
        if len({one.kind for one in value}) < 2:
            raise ValueError("is all of one kind; two pieces of different kinds are the least")
        return value


def submission(data: Mapping[str, Any]) -> Submission:
    """Reads what came by flags or from a YAML file. Raises UsageError with one sentence."""
    try:
        return Submission.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        message = first["msg"].removeprefix("Value error, ")
        where = str(first["loc"][0]) if first["loc"] else "it"
        raise UsageError(f"The root cause cannot be taken: {where} {message[:1].lower()}{message[1:]}.") from error


class Answer(BaseModel):
    """One acceptable cause of a scenario, from its private file: any of its components with any of its mechanisms."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    components: frozenset[str] = Field(min_length=1)
    mechanisms: frozenset[str] = Field(min_length=1)

    def is_named_by(self, one: Submission) -> bool:
        return one.component in self.components and one.mechanism in self.mechanisms


def named(one: Submission, answers: list[Answer]) -> Answer | None:
    """The answer that the submission gives; component and mechanism count together or not at all."""
    return next((answer for answer in answers if answer.is_named_by(one)), None)
