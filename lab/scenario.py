"""Scenarios: what the lab can do to its company, as `scenarios/<id>/` describes it.

`scenario.yaml` may be shown to anybody; `private/scenario.yaml` to the instructor and the referee alone.
"""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lab.errors import LabError, UsageError

SCENARIOS = Path(__file__).parents[1] / "scenarios"

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
Parsed = TypeVar("Parsed", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AlertRef(_Strict):
    """An alert as Prometheus names it: its rule and the service in its labels."""

    alertname: str
    service: str


class Scenario(_Strict):
    """alerts: the page to expect first, then those that may come with it. dashboards: uids."""

    id: Id
    title: str
    severity: Literal["critical", "warning"]
    profile: Id
    alerts: Annotated[list[AlertRef], Field(min_length=1)]
    dashboards: Annotated[list[str], Field(min_length=1)]


class Recovery(_Strict):
    """What brings health back once the load has stopped. Nothing named: it comes back by itself.

    restart: services to restart together. level_books: differences stay until compensating entries level them.
    """

    restart: list[str] = []
    level_books: bool = False


class Private(_Strict):
    """spoilers: regular expressions, of which none may match anything that a trainee sees."""

    spoilers: Annotated[list[str], Field(min_length=1)]
    recovery: Recovery


def load_all(folder: Path = SCENARIOS) -> list[Scenario]:
    """All scenarios by id. Raises LabError for a file that is not one."""
    return [_public(path) for path in sorted(folder.glob("*/scenario.yaml"))]


def load(scenario_id: str, folder: Path = SCENARIOS) -> Scenario:
    """Raises UsageError for an unknown id, LabError for a file that is no scenario."""
    path = folder / scenario_id / "scenario.yaml"
    known = [found.parent.name for found in sorted(folder.glob("*/scenario.yaml"))]
    if scenario_id not in known:
        raise UsageError(f"There is no scenario {scenario_id}; choose one of {', '.join(known)}.")
    return _public(path)


def load_private(scenario_id: str, folder: Path = SCENARIOS) -> Private:
    """What only instructor and referee may see of `scenario_id`. Raises as `load` does."""
    load(scenario_id, folder)
    return _parse(folder / scenario_id / "private" / "scenario.yaml", Private)


def _public(path: Path) -> Scenario:
    scenario = _parse(path, Scenario)
    if scenario.id != path.parent.name:
        raise LabError(f"{path} says id: {scenario.id}, but its folder is {path.parent.name}; make them the same.")
    return scenario


def _parse(path: Path, model: type[Parsed]) -> Parsed:
    try:
        return model.model_validate(yaml.safe_load(path.read_text()))
    except FileNotFoundError:
        raise LabError(f"{path} is missing; every scenario has a public and a private scenario.yaml.") from None
    except yaml.YAMLError as error:
        raise LabError(f"{path} is not YAML ({' '.join(str(error).split())}); correct it.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise LabError(f"{path}: {where}: {first['msg']}; correct it.") from None
