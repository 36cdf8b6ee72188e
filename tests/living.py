"""A lab of each runtime under healthy load, which several modules share."""

from dataclasses import dataclass

from lab.runtime.ports import Ports
from tests.labs import FIRST_UP_S, forget, labctl

BASES = {"local": 28000, "compose": 30000}


@dataclass(frozen=True)
class Living:
    """`afresh` puts a new one, of the same name and addresses, in the place of the one before."""

    runtime: str

    @property
    def name(self) -> str:
        return f"e2e-{self.runtime}"

    @property
    def ports(self) -> Ports:
        return Ports(BASES[self.runtime])

    def afresh(self) -> None:
        self.forget()
        options = ("--runtime", self.runtime, "--name", self.name, "--port-base", str(self.ports.base))
        labctl("up", *options, seconds=FIRST_UP_S)

    def forget(self) -> None:
        forget(self.name)
