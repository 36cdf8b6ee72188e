import gzip
import io
import tarfile
from pathlib import Path

import pytest
from warroom.deploy.bundle import unpack

from lab.errors import UsageError
from lab.releases import EDITABLE


def packed(extra: dict[str, bytes] | None = None, *members: tarfile.TarInfo, leave_out: str = "") -> bytes:
    files = {f"{name}/app.py": b"x = 1\n" for name in EDITABLE if name != leave_out} | (extra or {})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for member in members:
            tar.addfile(member)
    return buffer.getvalue()


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_files_are_written_where_they_belong(tmp_path: Path):
    unpack(packed({"billing/deep/er.py": b"y", "guardrails/lint/a.yml": b"z", "team-spec.md": b"s"}), tmp_path)
    assert (tmp_path / "billing/deep/er.py").read_bytes() == b"y"
    assert (tmp_path / "guardrails/lint/a.yml").exists() and (tmp_path / "team-spec.md").exists()


@pytest.mark.parametrize("name", ["kit/x.py", "x.py", "processor/app.py", "tests.py"])
def test_what_is_no_part_of_a_release_is_refused(tmp_path: Path, name: str):
    with pytest.raises(UsageError, match="does not belong to a release"):
        unpack(packed({name: b"!"}), tmp_path)


@pytest.mark.parametrize("name", ["/etc/passwd", "../billing/x.py", "billing/../../x.py"])
def test_what_leads_elsewhere_is_refused(tmp_path: Path, name: str):
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(UsageError):
        unpack(packed({name: b"!"}), inside)
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes):
    with pytest.raises(UsageError):
        unpack(packed({}, link("billing/charges.py", "/etc/passwd", kind)), tmp_path)


@pytest.mark.parametrize(
    "data", [b"", b"no tar", gzip.compress(b"no tar"), packed()[:60]], ids=["empty", "no gzip", "no tar", "cut"]
)
def test_what_is_no_tar_is_refused(tmp_path: Path, data: bytes):
    with pytest.raises(UsageError, match=r"cannot be unpacked|lacks billing/app\.py"):
        unpack(data, tmp_path)


def test_a_service_that_is_gone_is_named(tmp_path: Path):
    with pytest.raises(UsageError, match=r"lacks orders/app\.py"):
        unpack(packed(leave_out="orders"), tmp_path)


def test_a_sparse_file_is_refused_however_little_was_sent(tmp_path: Path):
    sparse = tarfile.TarInfo("billing/huge.py")
    sparse.type, sparse.size = tarfile.GNUTYPE_SPARSE, 0
    with pytest.raises(UsageError, match="no plain file"):
        unpack(packed({}, sparse), tmp_path)


def test_a_file_that_is_no_code_any_more_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match=r"billing/data\.py has more than 512 kB"):
        unpack(packed({"billing/data.py": b"#" * (512 * 1024 + 1)}), tmp_path)
