import os
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.runtime import packages

# `download` leaves a package for each name; `update` notes that it ran
APT_GET = """#!/bin/sh
echo "$@" >> {log}
case "$1" in
  download) {download}; shift; for name; do echo > "$name.deb"; done ;;
esac
"""
# unpacks the same tree for each package
DPKG_DEB = """#!/bin/sh
mkdir -p "$3/usr/bin" "$3/usr/share/prometheus/web" "$3/usr/share/prometheus/alertmanager"
for name in {programs}; do echo '#!/bin/sh' > "$3/usr/bin/$name"; chmod +x "$3/usr/bin/$name"; done
ln -sf nowhere "$3/usr/share/prometheus/web/dangling"
echo page > "$3/usr/share/prometheus/web/page"
"""


class Distribution:
    """A Debian made of two scripts on a PATH of their own."""

    def __init__(self, folder: Path):
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.log = folder / "apt.log"
        self.log.touch()
        self.said: list[str] = []

    def script(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def offers(self, *programs: str, download: str = ":") -> None:
        self.script("apt-get", APT_GET.format(log=self.log, download=download))
        self.script("apt-cache", "#!/bin/sh\necho '  Depends: libjs-jquery'; echo '  Depends: libc6'\n")
        self.script("dpkg-deb", DPKG_DEB.format(programs=" ".join(programs)))

    def asked(self) -> list[str]:
        return [line.split()[0] for line in self.log.read_text().splitlines()]


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Distribution:
    found = Distribution(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(packages, "SHARED", tmp_path / "shared")
    for tool in ("sh", "mkdir", "chmod", "ln"):
        os.symlink(
            next(path for path in (Path("/bin") / tool, Path("/usr/bin") / tool) if path.exists()), found.bin / tool
        )
    monkeypatch.setenv("PATH", str(found.bin))
    monkeypatch.setattr(packages.os, "geteuid", lambda: 0)
    return found


def test_what_is_on_the_path_is_taken_under_either_name(debian: Distribution):
    for name in ("prometheus", "promtool", "prometheus-alertmanager", "amtool"):
        debian.script(name, "#!/bin/sh\n")
    assert packages.find("alertmanager") == debian.bin / "prometheus-alertmanager"
    packages.ensure(debian.said.append)
    assert debian.said == [] and not packages.cache().exists()


def test_packages_are_unpacked_into_the_cache_once_and_said_so(debian: Distribution):
    debian.offers("prometheus", "promtool", "prometheus-alertmanager", "amtool")
    packages.ensure(debian.said.append)
    assert packages.find("alertmanager") == packages.cache() / "usr/bin/prometheus-alertmanager"
    assert "not installed" in debian.said[0]
    assert debian.log.read_text() == "download prometheus prometheus-alertmanager libjs-jquery\n"
    packages.ensure(debian.said.append)
    assert debian.asked() == ["download"]


def test_templates_go_where_debians_builds_look_for_them_without_dangling_links(debian: Distribution):
    debian.offers("prometheus", "promtool", "prometheus-alertmanager", "amtool")
    packages.ensure(debian.said.append)
    assert (packages.SHARED / "alertmanager").is_dir()
    assert [path.name for path in (packages.SHARED / "web").iterdir()] == ["page"]
    assert str(packages.SHARED) in debian.said[1]


def test_without_the_rights_it_names_the_one_command(debian: Distribution, monkeypatch: pytest.MonkeyPatch):
    debian.offers("prometheus", "promtool", "prometheus-alertmanager", "amtool")
    monkeypatch.setattr(packages.os, "geteuid", lambda: 1000)
    with pytest.raises(LabError, match=f"run: sudo cp -rLT .* {packages.SHARED}$"):
        packages.ensure(debian.said.append)
    assert not packages.SHARED.exists()


def test_missing_package_lists_are_fetched_by_root_alone(debian: Distribution, monkeypatch: pytest.MonkeyPatch):
    names = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")
    debian.offers(
        *names, download=f"while read word rest; do [ $word = update ] && ok=1; done < {debian.log}; [ $ok ] || exit 1"
    )
    monkeypatch.setattr(packages.os, "geteuid", lambda: 1000)
    with pytest.raises(LabError, match="sudo apt-get update"):
        packages.ensure(debian.said.append)
    assert debian.asked() == ["download"]
    monkeypatch.setattr(packages.os, "geteuid", lambda: 0)
    packages.ensure(debian.said.append)
    assert debian.asked() == ["download", "download", "update", "download"]


def test_packages_that_lack_a_program_are_refused(debian: Distribution):
    debian.offers("prometheus", "promtool")
    with pytest.raises(LabError, match="hold no alertmanager, amtool"):
        packages.ensure(debian.said.append)


def test_elsewhere_it_says_what_to_install(debian: Distribution):
    with pytest.raises(LabError, match=r"prometheus\.io/download"):
        packages.ensure(debian.said.append)
