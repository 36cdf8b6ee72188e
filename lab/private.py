"""What `scenarios/<id>/private/scenario.yaml` says: the side of a scenario that only instructor and referee may see."""

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lab.errors import LabError
from lab.scenario import FOLDER


class Recovery(BaseModel):
    """What brings health back once the load has stopped. Nothing named: it comes back by itself.

    restart: services to restart together. level_books: differences stay until compensating entries level them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    restart: list[str] = []
    level_books: bool = False


class Private(BaseModel):
    """spoilers: regular expressions, of which none may match anything that a trainee sees."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spoilers: list[str] = Field(min_length=1)
    recovery: Recovery


def load(scenario_id: str, folder: Path = FOLDER) -> Private:
    """The private side of one scenario; LabError says what is wrong with it."""
    path = folder / scenario_id / "private" / "scenario.yaml"
    try:
        return Private.model_validate(yaml.safe_load(path.read_text()))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LabError(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise LabError(f"{path}: {where}: {first['msg']}; correct it.") from error
