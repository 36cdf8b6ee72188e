"""Imports go one way: labctl → lab.cli → lab.{runtime, scenario, clients, …} → lab.errors; services know only kit."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from lab.runtime.state import ROOT

SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/app.py") if path.parent.name != "kit")
LAYERS = {
    "lab.errors": (),
    "lab.environment": (),
    "lab.scenario": ("lab.errors",),
    "lab.private": ("lab.errors", "lab.scenario", "lab.drill"),
    "lab.shape": (),
    "lab.drill": ("lab.errors", "lab.shape"),
    "lab.profile": ("lab.errors", "lab.scenario", "lab.drill"),
    "lab.clients": ("lab.errors",),
    "lab.telemetry": ("lab.errors",),
    "lab.runner": ("lab.errors",),
    "lab.releases": ("lab.errors",),
    "lab.onward": ("lab.errors",),
    "lab.runtime": ("lab.errors", "lab.releases", "lab.onward"),
    "lab.git": ("lab.errors",),
    "lab.workspace": ("lab.errors", "lab.git", "lab.releases"),
    "lab.bank": ("lab.errors", "lab.scenario", "lab.drill", "lab.workspace"),
    "lab.lesson": ("lab.errors", "lab.scenario", "lab.drill"),
    "lab.trial": ("lab.errors", "lab.scenario"),
    "lab.cli": (
        "lab.errors",
        "lab.environment",
        "lab.scenario",
        "lab.profile",
        "lab.clients",
        "lab.runtime",
        "lab.drill",
        "lab.releases",
        "lab.git",
        "lab.workspace",
    ),
}
OF_THE_WAR_ROOM = (
    "lab.errors",
    "lab.scenario",
    "lab.private",
    "lab.profile",
    "lab.bank",
    "lab.lesson",
    "lab.trial",
    "lab.clients",
    "lab.drill",
    "lab.releases",
    "lab.runner",
    "lab.shape",
)


def modules(folder: Path, root: Path) -> dict[str, Path]:
    """Python files below `folder` by the name under which they are imported from `root`."""
    found = {}
    for path in folder.rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path, name: str) -> Iterator[str]:
    """What the file imports, also inside functions; `from a import b` gives `a.b`, which may be a module or not."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


LAB = modules(ROOT / "lab", ROOT)


@pytest.mark.parametrize("module", sorted(LAB))
def test_the_labs_modules_import_only_what_lies_below(module: str):
    layer = next((layer for layer in LAYERS if within(module, (layer,))), None)
    assert layer or module == "lab", f"{module} belongs to no layer; give it one here and in docs/architecture.md"
    allowed = (layer, *LAYERS[layer]) if layer else ()
    wrong = [name for name in imported(LAB[module], module) if within(name, ("lab",)) and not within(name, allowed)]
    assert wrong == []
    assert not [name for name in imported(LAB[module], module) if within(name, ("kit", "loadgen", *SERVICES))]


def test_no_module_of_the_lab_imports_itself_by_way_of_others():
    graph: dict[str, set[str]] = {}
    for module, path in LAB.items():
        names = {name if name in LAB else name.rpartition(".")[0] for name in imported(path, module)}
        graph[module] = {name for name in names if name in LAB and name != module}
    # a package is made of its modules, so these may import one another's package
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        pytest.fail(" → ".join(cycle.args[1]))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_knows_kit_and_itself(service: str):
    others = tuple(other for other in SERVICES if other != service)
    for module, path in modules(ROOT / "services" / service, ROOT / "services").items():
        for name in imported(path, module):
            assert not within(name, ("loadgen", "services", *others)), f"{path} imports {name}"
            if within(name, ("lab",)):
                assert service == "warroom" and within(name, OF_THE_WAR_ROOM), f"{path} imports {name}"


def test_kit_and_the_launcher_know_no_service():
    shared = modules(ROOT / "services" / "kit", ROOT / "services")
    shared |= {path.stem: path for path in (ROOT / "services").glob("*.py")}
    for module, path in shared.items():
        assert not [name for name in imported(path, module) if within(name, ("lab", "loadgen", "services", *SERVICES))]


def test_the_load_knows_neither_the_lab_nor_a_service():
    for module, path in modules(ROOT / "loadgen", ROOT).items():
        assert not [name for name in imported(path, module) if within(name, ("lab", "kit", "services", *SERVICES))]
