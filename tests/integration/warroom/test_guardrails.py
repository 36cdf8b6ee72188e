"""Every scenario's own guardrail bites, so that a drill of it can end complete.

Proven as a team's is, by the real tools; the runner's part is done in this process.
"""

import shutil
import sys
from pathlib import Path

import httpx
import pytest
from warroom.proving import Proof, Prover

from lab import bank, scenario
from lab.bank import Bank, Example, Patch
from lab.clients.runner import Runner, pack
from lab.runner import checks
from lab.runner.job import read
from lab.workspace import ROOT

IDS = sorted(path.parent.parent.name for path in scenario.FOLDER.glob("*/private/fixes"))
AST_GREP = shutil.which("ast-grep", path=str(Path(sys.executable).parent)) or shutil.which("ast-grep")


def answer(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=checks.run(read(request.content)).model_dump())


def proof(example: Example, found: Bank, tmp_path: Path) -> Proof:
    team, baseline, fix = (tmp_path / name for name in ("team", "baseline", "fix"))
    (team / example.path).parent.mkdir(parents=True)
    (team / example.path).write_text(example.text)
    Patch(tmp_path / "nothing").overlay(bank.SERVICES, baseline)
    found.right[0].patch.overlay(bank.SERVICES, fix)
    with Runner("http://runner", transport=httpx.MockTransport(answer)) as runner:
        prover = Prover(runner, ROOT / "workspace")
        return prover.prove(pack([team]), example.path, found, baseline, fix, lambda _: None)


@pytest.mark.parametrize("scenario_id", IDS)
def test_it_bites(scenario_id: str, tmp_path: Path) -> None:
    example = bank.guardrail(scenario_id)
    assert example
    if example.path.endswith(".yml") and AST_GREP is None:
        pytest.skip("ast-grep is not installed; it comes with ast-grep-cli")
    found = proof(example, bank.load(scenario_id), tmp_path)
    assert found.bites, found.why
