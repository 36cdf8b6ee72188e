"""What `scenarios/<id>/private/trial.yaml` says: how an incident is replayed against a fix."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError, model_validator

from lab.errors import LabError
from lab.scenario import FOLDER


@dataclass(frozen=True)
class Burst:
    """Seconds since the replay began: when it comes, and when the next one or the end does."""

    at: float
    until: float


class Dependency(BaseModel):
    """What is taken away, whom that concerns, and what they may answer meanwhile.

    `path` and `body` are of a request to `service` that needs it; `statuses` are the answers that the team spec allows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    stop: str
    service: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    key: bool = False  # with an idempotency key of its own each time
    statuses: list[int] = Field(min_length=1)
    back: list[int] = Field(min_length=1)  # what it answers when all is there again


class Money(BaseModel):
    """Which charges go wrong: with lines whose net amount in cents is `remainder` modulo `modulo`, and when they are
    sent again with their lines the other way round."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    modulo: PositiveInt
    remainder: int = Field(ge=0)
    reversed: bool


class Trial(BaseModel):
    """`changes` are figures of the load profile that make it four times the trigger; `requests` is how many arrivals
    that comes to within `seconds`. `every` is the distance between bursts, 0 for a steady stream. `components` are
    those that an acceptable fix may touch; a release that touches none of them mends something else. What is to be
    done `…_at_once` is for an incident that it would bring about: of another one the faulty code knows nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str
    changes: dict[str, Any]
    seconds: PositiveFloat
    requests: PositiveInt
    every: float = Field(default=0, ge=0)
    money: Money | None = None
    components: list[str] = Field(min_length=1)
    orders_at_once: int = Field(default=0, ge=0, le=200)
    exports_at_once: int = Field(default=0, ge=0, le=20)
    dependency: Dependency

    @model_validator(mode="after")
    def _ends_between_bursts(self) -> Self:
        if self.every and self.seconds % self.every == 0:
            raise ValueError("a burst is due in the moment of the end; end a second sooner")
        return self

    @property
    def bursts(self) -> list[Burst]:
        if not self.every:
            return []
        starts = [n * self.every for n in range(math.ceil(self.seconds / self.every))]
        return [Burst(at, min(at + self.every, self.seconds)) for at in starts]


def load(scenario_id: str, folder: Path = FOLDER) -> Trial:
    """The trial of one scenario; LabError says what is wrong with the file."""
    path = folder / scenario_id / "private" / "trial.yaml"
    try:
        return Trial.model_validate(yaml.safe_load(path.read_text()))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LabError(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise LabError(f"{path}: {where}: {first['msg']}; correct it.") from error
