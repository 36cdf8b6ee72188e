"""What `scenarios/<id>/private/` says: the side of a scenario that only instructor and referee may see."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lab.drill.cause import Answer
from lab.drill.patterns import Evidence
from lab.errors import LabError
from lab.scenario import FOLDER

Model = TypeVar("Model", bound=BaseModel)


class Recovery(BaseModel):
    """What brings health back once the load has stopped. Nothing named: it comes back by itself.

    restart: services to restart together. level_books: differences stay until compensating entries level them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    restart: list[str] = []
    level_books: bool = False


class Private(BaseModel):
    """`scenario.yaml`. spoilers: regular expressions, of which none may match anything that a trainee sees. answers:
    the root causes that are right, each of them enough. control: there is no incident; saying so is the answer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    spoilers: list[str] = Field(min_length=1)
    recovery: Recovery
    answers: list[Answer] = Field(min_length=1)
    control: bool = False


def load(scenario_id: str, folder: Path = FOLDER) -> Private:
    """The private side of one scenario; LabError says what is wrong with it."""
    return _read(folder / scenario_id / "private" / "scenario.yaml", Private)


def evidence(scenario_id: str, folder: Path = FOLDER) -> Evidence:
    """What evidence of its cause looks like; LabError says what is wrong with the file."""
    return _read(folder / scenario_id / "private" / "evidence.yaml", Evidence)


def _read(path: Path, model: type[Model]) -> Model:
    try:
        return model.model_validate(yaml.safe_load(path.read_text()))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LabError(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise LabError(f"{path}: {where}: {first['msg']}; correct it.") from error
