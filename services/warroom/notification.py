"""What Alertmanager posts to a webhook: its payload, version 4.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999 in UTC") from None


def _text(value: str) -> str:
    value.encode()  # JSON can spell half a character, which no file can hold: UnicodeEncodeError is a ValueError
    return value


def _named(labels: dict[str, str]) -> dict[str, str]:
    if not labels.get("alertname"):
        raise ValueError("has no alertname")
    return labels


Text = Annotated[str, AfterValidator(_text)]
Moment = Annotated[AwareDatetime, AfterValidator(_utc)]


class Alert(BaseModel):
    """`endsAt` of a firing alert is in the future or in the year 1."""

    status: Literal["firing", "resolved"]
    labels: Annotated[dict[Text, Text], AfterValidator(_named)]
    annotations: dict[Text, Text] = {}
    startsAt: Moment
    endsAt: Moment
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{1,64}$")]


class Notification(BaseModel):
    version: Literal["4"]
    alerts: Annotated[list[Alert], Field(max_length=1_000)]
