"""A tree of files, unpacked from what somebody sent."""

import gzip
import io
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from lab.errors import UsageError

LARGEST = 16 * 1024 * 1024  # bytes, unpacked
MOST_FILES = 2_000


def unpack(packed: bytes, into: Path) -> None:
    """Writes the files of a gzipped tar below `into`. UsageError for what is no such thing, or leads out of it."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as zipped:
            data = zipped.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise UsageError(f"The tree has more than {LARGEST // 2**20} MB unpacked; leave out what is no code.")
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for number, member in enumerate(tar):
                if number >= MOST_FILES:
                    raise UsageError(f"The tree has more than {MOST_FILES} files; leave out what is no code.")
                _write(tar, member, into)
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError) as error:
        raise UsageError(f"The tree cannot be unpacked ({error}); pack it as tar and gzip it.") from error


def _is_plain(member: tarfile.TarInfo) -> bool:
    """A sparse file is as large as it says, however little of it was sent."""
    return member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts or not (_is_plain(member) or member.isdir()):
        raise UsageError(f"{member.name[:80]!r} is no plain file inside the tree.")
    target = into / path
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    source = tar.extractfile(member)
    assert source is not None, "it is a regular file"
    target.write_bytes(source.read())
