"""Each patch of the import's bank does what the bank says of it, over a database in which the incident has been.

A right one keeps every promise, and lets the release before run again. A wrong one fails by its condition, and by none
of the others that a reviewer is offered beside it.
"""

import json
import os
import random
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from migrations import migrate

from lab import bank

from .conftest import SERVICES, Company
from .proof import invoice

FIXES = {name: fix for name, fix in bank.load("month-end-import").fixes.items() if fix.deploy}
AT_A_TIME = 2


def made(postgres: str, name: str, *, like: str = "template1") -> str:
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {like}")
    return psycopg.conninfo.make_conninfo(postgres, dbname=name)


@pytest.fixture(scope="module")
def incident(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A database after an import, with keys that were charged twice; and the charges that were placed once."""
    name = f"incident_{uuid.uuid4().hex[:8]}"
    url = made(postgres, name)
    for service in ("billing", "processor"):
        migrate(url, service, SERVICES / service / "migrations")
    rng = random.Random(8)
    placed = []
    with closing(Company(url)) as company:
        company.start_billing()
        company.start_processor()
        for n in range(40):
            nets = invoice(rng)
            charge = company.charge(f"old-{n}", *nets).json()["charge_id"]
            twice = n % 2 and company.charge(f"old-{n}", *reversed(nets)).status_code == 201
            if not twice:
                placed.append({"key": f"old-{n}", "account": "a-001", "charge_id": charge, "nets": nets})
        assert len(placed) < 40, "no key was charged twice"
        company.reconciled()
    path = tmp_path_factory.mktemp("incident") / "charges.json"
    path.write_text(json.dumps(placed))
    return name, path


def prove(postgres: str, fix: bank.Fix, incident: tuple[str, Path], folder: Path) -> tuple[str, list[str]]:
    """The database as the release left it, and what did not hold."""
    url = made(postgres, f"proof_{uuid.uuid4().hex[:8]}", like=incident[0])
    fix.patch.overlay(SERVICES, folder)
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("proof.py"), folder, url, incident[1]],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return url, json.loads(ran.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def proofs(postgres: str, incident: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict]:
    """For each fix a future of its proof."""
    folder = tmp_path_factory.mktemp("releases")
    with ThreadPoolExecutor(AT_A_TIME) as some:
        yield {name: some.submit(prove, postgres, fix, incident, folder / name) for name, fix in FIXES.items()}


@pytest.mark.parametrize("fix", [fix for fix in FIXES.values() if fix.right], ids=lambda fix: fix.name)
def test_a_right_one_keeps_every_promise_and_lets_the_release_before_run(proofs, fix: bank.Fix) -> None:
    url, failed = proofs[fix.name].result()
    assert failed == []
    assert runs(url)


@pytest.mark.parametrize("fix", [fix for fix in FIXES.values() if not fix.right], ids=lambda fix: fix.name)
def test_a_wrong_one_fails_by_its_condition_alone(proofs, fix: bank.Fix) -> None:
    url, failed = proofs[fix.name].result()
    if not runs(url):
        failed.append("previous-release")
    assert fix.condition in failed
    assert set(fix.conditions) & set(failed) <= {fix.condition}, failed


def runs(url: str) -> bool:
    """Whether the release before takes charges and recognises them, over what the later one has left."""
    with closing(Company(url)) as company:
        company.start_billing()
        placed = [company.charge("back-1", "4.00", "8.01").status_code for _ in range(2)]
        known = company.charge("proof-1", "2.00", account="a-009").status_code
    return placed == [201, 200] and known < 500
