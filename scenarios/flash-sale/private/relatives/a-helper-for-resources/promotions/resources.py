"""Reads resources of the services around us."""

from collections.abc import Callable
from typing import TypeVar

import httpx
from kit import Problem
from pydantic import BaseModel, ValidationError

Resource = TypeVar("Resource", bound=BaseModel)


def reader(client: httpx.Client, kind: str, model: type[Resource]) -> Callable[[str], Resource]:
    """A function from an id to the resource of that kind; it raises a Problem where there is none to be had."""

    def read(resource_id: str) -> Resource:
        try:
            reply = client.get(f"/{kind}/{resource_id}")
            if reply.status_code == 404:
                raise Problem(404, f"Unknown {kind}", f"There is no {resource_id} among the {kind}; check its id.")
            return model.model_validate_json(reply.raise_for_status().content)
        except httpx.TimeoutException as error:
            raise Problem(504, "Timed out", f"The {kind} did not come in time; try again.") from error
        except (httpx.TransportError, httpx.HTTPStatusError) as error:
            raise Problem(503, "Unavailable", f"The {kind} can't be had now; try again shortly.") from error
        except ValidationError as error:
            raise Problem(502, "Bad answer", f"What came is not one of the {kind}; see the peer's log.") from error

    return read
