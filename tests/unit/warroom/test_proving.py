"""Guardrails against trees that are a word each, and a runner that looks for the word."""

import base64
import gzip
import io
import json
import random
import tarfile
from pathlib import Path

import httpx
import pytest
from warroom.proving import TIMES, Prover

from lab.bank import Bank, Fix, Patch, Relative
from lab.clients.runner import Runner
from lab.errors import UsageError
from lab.releases import EDITABLE

RULE = "guardrails/lint/money.yml"


def tree(folder: Path, word: str) -> Path:
    for name in EDITABLE:
        (folder / name).mkdir(parents=True)
        (folder / name / "app.py").write_text(word)
    return folder


def patch(folder: Path, word: str) -> Patch:
    (folder / "billing").mkdir(parents=True)
    (folder / "billing" / "app.py").write_text(word)
    return Patch(folder)


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    def described(words: dict[str, str]) -> list[dict]:
        more = {"title": "Mend amounts", "why": "It rounds each line once, half up."}
        return [{"name": name, "patch": patch(tmp_path / name, word), **more} for name, word in words.items()]

    relatives = described({"moved": "float", "renamed": "float", "hidden": "f-l-o-a-t"})
    fixes = described({"decimal": "Decimal", "cents": "int", "fractions": "Fraction"})
    return Bank(
        "x",
        {one["name"]: Fix(**one, right=True) for one in fixes},
        {one["name"]: Relative(**one) for one in relatives},
    )


def runner(word: str, *, message: str = "found", why: str = "") -> Runner:
    """Finds the word in billing's app.py."""

    def answer(request: httpx.Request) -> httpx.Response:
        job = json.loads(request.content)
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(base64.b64decode(job["tree"])))) as tar:
            text = tar.extractfile("billing/app.py").read().decode()
            assert RULE in tar.getnames() and "ruff.toml" in tar.getnames()
        found = [{"file": "billing/app.py", "line": 1, "rule": "r", "message": message}] if word in text else []
        passed = not found and not why
        body = {"passed": passed, "exit_code": 0, "seconds": 0.1, "output": "", "findings": found, "why": why}
        return httpx.Response(200, json=body)

    return Runner("http://runner", transport=httpx.MockTransport(answer))


def bundle(*names: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    return buffer.getvalue()


def prove(
    tmp_path: Path, bank: Bank, runner: Runner, *, fix: str = "Decimal", sent: bytes | None = None, seed: int = 1
):
    configuration = tmp_path / "configuration"
    configuration.mkdir()
    (configuration / "ruff.toml").touch()
    trees = tree(tmp_path / "baseline", "float"), tree(tmp_path / "fix", fix)
    notes: list[str] = []
    proof = Prover(runner, configuration, random.Random(seed)).prove(
        bundle(RULE) if sent is None else sent, RULE, bank, *trees, notes.append
    )
    return proof, notes


def test_one_that_bites(tmp_path, bank):
    proof, notes = prove(tmp_path, bank, runner("float"))
    assert proof.bites and proof.why == ""
    assert (proof.relatives_caught, proof.relatives, proof.right_silent, proof.right) == (2, 3, 3, 3)
    assert len(notes) == 2 * TIMES + 3 + 3


@pytest.mark.parametrize(
    ("word", "fix", "why"),
    [
        ("nothing", "Decimal", "finds nothing in the code as it was"),
        ("", "Decimal", "fails on the release that runs now"),
        ("float", "float", "fails on the release that runs now"),
        ("t", "Decimal", "fails on 2 of 3 right fixes"),
    ],
)
def test_one_that_does_not(tmp_path, bank, word, fix, why):
    proof, _ = prove(tmp_path, bank, runner(word), fix=fix)
    assert not proof.bites and why in proof.why


def test_one_that_knows_only_the_very_same_code(tmp_path, bank):
    for name in ("moved", "renamed"):
        (bank.relatives[name].patch.folder / "billing" / "app.py").write_text("f-l-o-a-t")
    proof, _ = prove(tmp_path, bank, runner("float"))
    assert not proof.bites and "catches 0 of 3 relatives" in proof.why


def test_a_test_that_cannot_be_imported_has_caught_nothing(tmp_path, bank):
    proof, _ = prove(tmp_path, bank, runner("float", message="collection failure"))
    assert not proof.faulty_caught and proof.relatives_caught == 0


def counting(verdicts: list[bool]) -> tuple[Runner, list[str]]:
    """A test that knows from a file how often it was run, and says what it has to say then; and what it was run on."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        job = json.loads(request.content)
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(base64.b64decode(job["tree"])))) as tar:
            seen.append(tar.extractfile("billing/app.py").read().decode())
        passed = verdicts[len(seen) - 1]
        found = [] if passed else [{"file": "x", "line": 1, "rule": "r", "message": "found"}]
        body = {"passed": passed, "exit_code": 0, "seconds": 0.1, "output": "", "findings": found, "why": ""}
        return httpx.Response(200, json=body)

    return Runner("http://runner", transport=httpx.MockTransport(answer)), seen


@pytest.mark.parametrize("seed", range(5))
def test_one_that_counts_how_often_it_was_run_is_found_out(tmp_path, bank, seed):
    earlier = [False, True] * TIMES + [False] * 3 + [True] * 3  # faulty and fix in turn, relatives, right ones
    try:
        proof, _ = prove(tmp_path, bank, counting(earlier)[0], seed=seed)
    except UsageError as refusal:
        assert "does not always say the same" in str(refusal)
    else:
        assert seed == 2 and not proof.bites  # by chance the same of the same, and not what bites


def test_nobody_knows_which_tree_comes_when(tmp_path, bank):
    orders = []
    for seed in range(4):
        (tmp_path / str(seed)).mkdir()
        forged, seen = counting([True] * 20)
        prove(tmp_path / str(seed), bank, forged, seed=seed)
        orders.append(tuple(seen))
    assert len({*orders}) == 4 and len({tuple(sorted(one)) for one in orders}) == 1


def test_one_that_does_not_run_is_no_guardrail(tmp_path, bank):
    with pytest.raises(UsageError, match=r"does not run: No such language\. Mend it first\."):
        prove(tmp_path, bank, runner("absent", why="No such language."))


def test_one_that_was_not_sent(tmp_path, bank):
    with pytest.raises(UsageError, match="is it in the workspace"):
        prove(tmp_path, bank, runner("float"), sent=bundle("guardrails/lint/other.yml"))
