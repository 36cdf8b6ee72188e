"""What the war room is told by its environment."""

from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator

from lab.scenario import FOLDER as SCENARIOS
from warroom.access import read_token
from warroom.causes.settings import CauseSettings
from warroom.gateway import AiSettings

HERE = Path(__file__).parent


class Settings(AiSettings, CauseSettings):
    """The token files hold one token each. Without `alertmanager_url` only webhooks tell of an alert's end.

    `grafana_url`, `jaeger_url` and `prometheus_url` are for links: what a browser calls them. `profiles` are
    Compose's, which has Grafana in one of its own: without that the address is forgotten. Drills also need
    `instructor_token_file`, `load_url`, `releases_dir`, `warden_url`, the database as the role that may drop what
    services have made, and `runner`, where a team's tests run: an address, or unix:PATH. `workspace_dir` is what the
    lab itself puts into a workspace.
    """

    webhook_token_file: Path
    team_token_file: Path
    instructor_token_file: Path | None = None
    state_dir: Path
    alertmanager_url: str = ""
    profiles: str = "grafana"
    grafana_url: str = ""
    jaeger_url: str = ""
    prometheus_url: str = ""
    load_url: str = ""
    warden_url: str = Field(default="", repr=False)  # holds a password
    releases_dir: Path | None = None
    runbooks_dir: Path = HERE.parents[1] / "alerts" / "runbooks"
    dashboards_dir: Path = HERE.parents[1] / "dashboards" / "json"
    scenarios_dir: Path = SCENARIOS
    services_dir: Path = HERE.parent
    workspace_dir: Path = HERE.parents[1] / "workspace"
    runner: str = ""
    team_spec: Path = HERE.parents[1] / "docs" / "team-spec.md"

    @field_validator("webhook_token_file", "team_token_file", "instructor_token_file")
    @classmethod
    def _holds_a_token(cls, path: Path | None) -> Path | None:
        if path is not None:
            read_token(path)
        return path

    @field_validator("grafana_url")
    @classmethod
    def _is_on(cls, url: str, info: ValidationInfo) -> str:
        return "" if {"grafana", "*"}.isdisjoint(info.data["profiles"].split(",")) else url
