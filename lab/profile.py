"""The drill's profiles, files in `scenarios/common/profiles/`."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from lab.drill.profile import Profile
from lab.errors import LabError, UsageError
from lab.scenario import COMMON
from lab.scenario import FOLDER as SCENARIOS

FOLDER = SCENARIOS / COMMON / "profiles"


def names(folder: Path = FOLDER) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load(name: str, folder: Path = FOLDER) -> Profile:
    """The profile of that name. Raises UsageError if there is none, LabError if the file is wrong."""
    if name not in names(folder):
        raise UsageError(f"There is no profile {name!r}; there are {', '.join(names(folder))}.")
    path = folder / f"{name}.yaml"
    try:
        return Profile.model_validate({**yaml.safe_load(path.read_text()), "name": name})
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise LabError(f"{path} is not a profile: {' '.join(str(error).split())}; correct it.") from error
