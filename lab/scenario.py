"""What `scenarios/<id>/scenario.yaml` says: the public side of a scenario."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, ValidationError

from lab.errors import LabError

FOLDER = Path(__file__).resolve().parent.parent / "scenarios"
# What scenarios share is not one.
COMMON = "common"


def _ascend(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError("the first is above the second")
    return bounds


# Whole numbers stay whole: what is drawn between them is too.
Bounds = Annotated[tuple[StrictInt, StrictInt] | tuple[float, float], AfterValidator(_ascend)]


class Alert(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    alertname: str = Field(pattern=r"^[A-Z][A-Za-z]+$")
    service: str = Field(pattern=r"^[a-z]+$")


class Scenario(BaseModel):
    """`profile` is the load that starts it, and `figures` are bounds within which a drill draws some of its figures;
    `alerts` are those that may page because of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str = Field(min_length=1)
    severity: Literal["critical", "warning"]
    profile: str
    figures: dict[str, Bounds] = {}
    alerts: list[Alert] = Field(min_length=1)
    dashboards: list[str] = []


def load(path: Path) -> Scenario:
    """Read one scenario.yaml; LabError says what is wrong with it."""
    try:
        scenario = Scenario.model_validate(yaml.safe_load(path.read_text()))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LabError(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        wrong = "; ".join(f"{_place(item['loc'])}{_lower(item['msg'])}" for item in error.errors())
        raise LabError(f"{path} is not a scenario: {wrong}.") from error
    if scenario.id != path.parent.name:
        raise LabError(f"{path} is of scenario {scenario.id!r}: give the folder that name, or the other way round.")
    return scenario


def load_all(folder: Path = FOLDER) -> list[Scenario]:
    """All scenarios, by id."""
    return [load(path) for path in sorted(folder.glob("*/scenario.yaml")) if path.parent.name != COMMON]


def _place(loc: tuple[int | str, ...]) -> str:
    return f"{'.'.join(map(str, loc))}: " if loc else ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
