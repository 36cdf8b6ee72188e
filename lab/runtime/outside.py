"""Whom a lab speaks to outside of itself, if an instructor wants that: the AI provider behind the gateway, and who else
is paged.

It is taken from the environment of `labctl up` and kept for later ones, and for the keeper, in files of the lab's that
only their owner can read. Keys are in no list of processes, no status and no log.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from lab import onward
from lab.errors import LabError, UsageError
from lab.runtime.state import State, write_private

KEY = "AI_UPSTREAM_KEY"
KEY_FILE = "AI_UPSTREAM_KEY_FILE"  # names a file that holds it
AI = ("AI_UPSTREAM_URL", KEY, "AI_UPSTREAM_AUTH", "AI_REQUESTS_PER_MINUTE", "AI_AT_ONCE", "AI_TIMEOUT")
GROUPS = (AI, onward.NAMES)
SECRET = (KEY, onward.SLACK, onward.PAGERDUTY_KEY)  # who knows a chat's webhook may write there


def take(state: State, environment: Mapping[str, str]) -> bool:
    """Keeps what the environment says; gives whether that is something else than before.

    Of a group either all is from now or all is from before: an old key never goes to a new address. A variable that is
    set and empty says that there is none. Raises UsageError, which repeats no secret.
    """
    before, given, now = kept(state), _given(environment), {}
    for group in GROUPS:
        source = given if any(name in given for name in group) else before
        now |= {name: source[name] for name in group if source.get(name)}
    onward.extended({"route": {}, "receivers": []}, now)  # refuses what Alertmanager would
    if now == before:
        return False
    write_private(_file(state), json.dumps({name: now[name] for name in now if name != KEY}, indent=2) + "\n")
    if KEY in now:
        write_private(_key(state), now[KEY])
    else:
        _key(state).unlink(missing_ok=True)
    return True


def kept(state: State) -> dict[str, str]:
    """By name, only what is set. Raises LabError where it cannot be read."""
    try:
        found = json.loads(_file(state).read_text())
        values = {name: str(found[name]) for group in GROUPS for name in group if found.get(name)}
        return values | ({KEY: _key(state).read_text()} if _key(state).exists() else {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise LabError(f"{_file(state)} cannot be read ({error}); remove it, and say it anew at labctl up.") from error


def told(state: State) -> list[str]:
    """What a person should know when the lab starts."""
    found = kept(state)
    lines = []
    if address := found.get("AI_UPSTREAM_URL"):
        lines.append(f"requests to AI go on to {urlsplit(address).hostname}, when a drill allows them")
    if hosts := [str(urlsplit(found[name]).hostname) for name in (onward.SLACK, onward.PAGERDUTY) if name in found]:
        lines.append(f"pages go on to {' and '.join(hosts)}")
    return lines


def of_the_war_room(state: State) -> dict[str, str]:
    """Its variables as a process of this machine, where others may see them: the key is in a file."""
    found = kept(state)
    return {name: found[name] for name in AI if name in found and name != KEY} | (
        {KEY_FILE: str(_key(state))} if KEY in found else {}
    )


def _given(environment: Mapping[str, str]) -> dict[str, str]:
    given = {name: environment[name].strip() for group in GROUPS for name in group if name in environment}
    if path := environment.get(KEY_FILE):
        given[KEY] = _read(Path(path))
    for name, value in given.items():
        # Neither supervisord's configuration nor a header takes them.
        if any(character in "\"'\\;#" or not "!" <= character <= "~" for character in value):
            shown = "" if name in SECRET else f" ({value!r})"
            raise UsageError(f"{name}{shown} has a blank, a quote or the like in it; correct it and try again.")
    return given


def _read(path: Path) -> str:
    try:
        return path.expanduser().read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{KEY_FILE} cannot be read ({type(error).__name__}); correct it and try again.") from error


def _file(state: State) -> Path:
    return state.config / "outside.json"


def _key(state: State) -> Path:
    return state.tokens / "ai-upstream"
