"""What is to be run, and what came of it."""

import base64
import json
import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from lab.errors import UsageError

LONGEST = 120.0  # seconds
_LINES = re.compile(r"(?P<file>[^:]+):(?P<first>\d{1,7})(?:-(?P<last>\d{1,7}))?")


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or name.startswith("-") or "\0" in name or not name:
        raise ValueError("is no path inside the tree")
    return str(path)


def _ranges(text: str) -> str:
    match = _LINES.fullmatch(text)
    if not match:
        raise ValueError("is no FILE:LINE or FILE:FIRST-LAST")
    _inside(match["file"])
    return text


Inside = Annotated[str, AfterValidator(_inside)]
Paths = Annotated[list[Inside], Field(min_length=1, max_length=200)]


class _Kind(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout_s: Annotated[float, Field(gt=0, le=LONGEST)] = 60


class Pytest(_Kind):
    kind: Literal["pytest"]
    paths: Paths = ["."]


class AstGrep(_Kind):
    """`rules` are files of the tree with ast-grep's rules; what is at `paths` is searched for them."""

    kind: Literal["ast-grep"]
    rules: Paths
    paths: Paths = ["."]


class Ruff(_Kind):
    """`lines` are `file:line` or `file:first-last`; what is found elsewhere does not count. Without `select` the
    tree's own configuration says which rules."""

    kind: Literal["ruff"]
    lines: Annotated[list[Annotated[str, AfterValidator(_ranges)]], Field(min_length=1, max_length=2_000)]
    select: Annotated[list[Annotated[str, Field(pattern=r"^[A-Z]{1,10}\d{0,4}$")]], Field(max_length=100)] = []

    def ranges(self) -> dict[str, list[range]]:
        found: dict[str, list[range]] = {}
        for text in self.lines:
            match = _LINES.fullmatch(text)
            assert match
            first = int(match["first"])
            found.setdefault(_inside(match["file"]), []).append(range(first, int(match["last"] or first) + 1))
        return found


class Job(BaseModel):
    """`tree` is a gzipped tar, in base64."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tree: str
    run: Annotated[Pytest | AstGrep | Ruff, Field(discriminator="kind")]

    def packed(self) -> bytes:
        try:
            return base64.b64decode(self.tree, validate=True)
        except ValueError:
            raise UsageError("The tree is no base64; pack it as tar, gzip it and encode it.") from None


class Finding(BaseModel):
    """A test that failed, or a place that a rule found. `line` is 0 where none is known."""

    file: str
    line: int
    rule: str
    message: str


class Outcome(BaseModel):
    """`exit_code` is the tool's, None if it was stopped. `why` says in one sentence why it did not pass, where the
    findings do not."""

    passed: bool
    exit_code: int | None
    seconds: float
    output: str
    findings: list[Finding]
    why: str = ""


def read(body: bytes) -> Job:
    """Raises UsageError with one sentence."""
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise UsageError("The job is no JSON; send {tree, run}.") from None
    try:
        return Job.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the job"
        raise UsageError(f"The job cannot be taken: {place}: {first['msg'].removeprefix('Value error, ')}.") from None
