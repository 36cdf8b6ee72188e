"""Prometheus and Alertmanager: from PATH, else unpacked from the distribution's packages into a cache.

Unpacked, not installed: no service of the system is started, enabled or changed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from lab.errors import LabError

NAMES = ("prometheus", "promtool", "alertmanager", "amtool")
PACKAGES = ("prometheus", "prometheus-alertmanager")
# Debian's builds read templates and web pages from here instead of from inside the binary.
SHARED = Path("/usr/share/prometheus")


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "3am-lab" / "debian"


def find(name: str, folder: Path | None = None) -> Path | None:
    """The program `name` (one of NAMES), or None; Debian calls Alertmanager prometheus-alertmanager."""
    unpacked = (folder or cache()) / "usr/bin"
    for candidate in (name, f"prometheus-{name}"):
        if found := shutil.which(candidate) or shutil.which(candidate, path=str(unpacked)):
            return Path(found)
    return None


def ensure(say: Callable[[str], None] = print) -> None:
    """See to it that all of NAMES can be found and run; says what it fetches before it does."""
    if any(find(name) is None for name in NAMES):
        _fetch(say)
    ours = any(find(name).is_relative_to(cache()) for name in ("prometheus", "alertmanager"))
    if ours and not all((SHARED / part).exists() for part in ("web", "alertmanager")):
        _share(say)


def _fetch(say: Callable[[str], None]) -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise LabError(
            "Prometheus and Alertmanager are not on PATH and this is neither Debian nor Ubuntu: "
            "install both (prometheus.io/download) so that prometheus, promtool, alertmanager and amtool are on PATH."
        )
    say(
        f"fetching the distribution's packages {' and '.join(PACKAGES)} (35 MB), unpacked into {cache()}, not installed"
    )
    cache().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache().parent) as temporary:
        work = Path(temporary)
        failure = _download(work)
        if failure and os.geteuid() == 0:
            say("the package lists are missing or old: running apt-get update")
            failure = _run(["apt-get", "update"], work) or _download(work)
        if failure:
            raise LabError(f"apt-get cannot download {' and '.join(PACKAGES)} ({failure}): run sudo apt-get update.")
        for package in work.glob("*.deb"):
            if failure := _run(["dpkg-deb", "-x", str(package), str(work / "root")], work):
                raise LabError(f"{package.name} could not be unpacked ({failure}); free some disk space and try again.")
        # 200 MB of time zone sources, which no page loads
        shutil.rmtree(work / "root/usr/share/javascript/moment-timezone/data", ignore_errors=True)
        shutil.rmtree(cache(), ignore_errors=True)
        (work / "root").rename(cache())
    if missing := [name for name in NAMES if find(name) is None]:
        raise LabError(
            f"The distribution's packages hold no {', '.join(missing)}: install them so that they are on PATH."
        )


def _download(folder: Path) -> str:
    """The packages, and those of JavaScript and fonts that Prometheus's pages link to; gives '' or what went wrong."""
    pages = _pages(PACKAGES[:1])
    return _run(["apt-get", "download", *PACKAGES, *sorted(pages | _pages(pages))], folder)


def _pages(packages: Iterable[str]) -> set[str]:
    asked = ["apt-cache", "depends", "--important", *packages]
    lines = subprocess.run(asked, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"}).stdout.splitlines()
    needed = [line.removeprefix("  Depends: ") for line in lines if line.startswith("  Depends: ")]
    return {name for name in needed if name.startswith(("libjs-", "fonts-"))}


def _share(say: Callable[[str], None]) -> None:
    source = cache() / "usr/share/prometheus"
    if os.geteuid() != 0:
        raise LabError(
            f"Debian's Prometheus and Alertmanager read their templates from {SHARED}, which only root can make; "
            f"run: sudo cp -rLT {source} {SHARED}"
        )
    say(f"copying the templates of Prometheus and Alertmanager to {SHARED}, where Debian's builds look for them")
    SHARED.mkdir(exist_ok=True)
    for part in ("web", "alertmanager"):
        if not (SHARED / part).exists():
            (SHARED / part).unlink(missing_ok=True)  # a link into a cache that was cleared
            with tempfile.TemporaryDirectory(dir=SHARED) as temporary:
                # the links lead to the JavaScript packages, which are unpacked beside it
                copy = shutil.copytree(source / part, Path(temporary) / part, ignore=_dangling)
                copy.rename(SHARED / part)


def _dangling(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not os.path.exists(os.path.join(folder, name))]


def _run(command: list[str], folder: Path) -> str:
    """Run it; gives '' or the last line of what went wrong."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode == 0:
        return ""
    return (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()[-1]


if __name__ == "__main__":
    try:
        ensure()
    except LabError as error:
        sys.exit(str(error))
