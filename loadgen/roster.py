"""Which profiles run: each a user class of which Locust has one user or none."""

import socket
from functools import partial
from urllib.parse import urlsplit

import gevent
from gevent.pool import Group
from locust.env import Environment
from opentelemetry.trace import Tracer

from loadgen.client import Client
from loadgen.crowd import Crowd
from loadgen.customers import Customers
from loadgen.profiles import Profile
from loadgen.settings import Settings
from loadgen.timetable import arrivals
from loadgen.window import Figures, Window


class UnknownProfileError(LookupError):
    """The sentence names the profiles that exist."""


class Roster:
    def __init__(self, settings: Settings, environment: Environment, tracer: Tracer) -> None:
        self._settings = settings
        self._environment = environment
        self._tracer = tracer
        self._profiles = settings.profiles
        self._crowds = {name: self._crowd(name) for name in self._profiles}
        environment.user_classes[:] = self._crowds.values()
        self._runner = environment.create_local_runner()

    @property
    def names(self) -> list[str]:
        return list(self._crowds)

    def running(self, name: str) -> bool:
        return self._runner.user_classes_count[self._known(name).__name__] > 0

    def figures(self, name: str) -> Figures:
        return self._known(name).window.figures()

    def start(self, name: str, changes: dict | None = None) -> None:
        """Begin `name` with its configured figures, or those of `changes`; a running one goes on unless they differ.

        Raises UnknownProfileError, pydantic.ValidationError.
        """
        crowd = self._known(name)
        defaults = self._settings.profiles[name]
        profile = type(defaults).model_validate({**defaults.model_dump(), **(changes or {})})
        if self.running(name):
            if profile == self._profiles[name]:
                return
            self.stop(name)
        self._profiles[name] = profile
        self._equip(crowd, profile)
        self._runner.spawn_users({crowd.__name__: 1})
        self._environment.events.spawning_complete.fire(user_count=self._runner.user_count)

    def stop(self, name: str) -> None:
        """No new arrivals; customers who are waiting wait on. Raises UnknownProfileError."""
        self._runner.stop_users({self._known(name).__name__: 1})
        self._known(name).window.restart()

    def open_when_reachable(self, name: str) -> None:
        """`name` begins as soon as every service takes connections and has served a first customer of each kind.

        One by one: services that have just started are slow with their first requests, and a queue of customers at
        the door would be a burst.
        """
        crowd = self._known(name)

        def open_quietly() -> None:
            _wait_for(list(self._settings.services.values()))
            for stream in self._profiles[name].streams():
                getattr(crowd.customers, stream.action)()

        crowd.opens = staticmethod(open_quietly)
        self.start(name)

    def _known(self, name: str) -> type[Crowd]:
        try:
            return self._crowds[name]
        except KeyError:
            raise UnknownProfileError(f"No profile is called {name}; there are {', '.join(self._crowds)}.") from None

    def _crowd(self, name: str) -> type[Crowd]:
        window = Window()
        crowd = type(
            "".join(part.capitalize() for part in name.split("-")),
            (Crowd,),
            {
                "abstract": False,
                "name": name,
                "window": window,
                "outstanding": Group(),
                "max_outstanding": self._settings.max_outstanding,
                "opens": staticmethod(lambda: None),
                "client": Client(
                    self._environment,
                    name,
                    self._settings.services,
                    self._tracer,
                    timeout=self._settings.timeout_s,
                    concurrency=self._settings.max_outstanding,
                    observed=window.done,
                ),
            },
        )
        self._equip(crowd, self._profiles[name])
        return crowd

    def _equip(self, crowd: type[Crowd], profile: Profile) -> None:
        seed = f"{self._settings.seed}/{crowd.name}"
        crowd.customers = Customers(crowd.client, profile, seed)
        crowd.timetable = staticmethod(partial(arrivals, profile.streams(), seed))


def _wait_for(urls: list[str]) -> None:
    for url in urls:
        parts = urlsplit(url)
        while True:
            try:
                socket.create_connection((parts.hostname, parts.port or 80), timeout=1).close()
                break
            except OSError:
                gevent.sleep(0.2)
