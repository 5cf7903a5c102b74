"""Stores of recordings for tests: of SQLite, and of a PostgreSQL of their own."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from perfdoctor.server.store.recording import Quota
from perfdoctor.server.store.recordings import Recordings, Store

PLENTY = 1 << 30


def store(
    state: Path,
    url: str | None = None,
    *,
    keep: int = 100,
    keep_bytes: int = PLENTY,
    each: int | None = None,
    each_bytes: int | None = None,
) -> Store:
    return Store(state, Quota(keep, keep_bytes, each or keep, each_bytes or keep_bytes), url)


def recordings(state: Path, url: str | None = None, *, keep: int = 100, keep_bytes: int = PLENTY) -> Recordings:
    """As anna sees them, who may see everything."""
    return store(state, url, keep=keep, keep_bytes=keep_bytes).seen_by("anna", everything=True)


@dataclass
class Postgres:
    """A PostgreSQL server on a free port of the loopback."""

    port: int
    folder: Path
    programs: Path
    made: int = field(default=0)

    def database(self) -> str:
        """The URL of a new and empty database."""
        self.made += 1
        name = f"perfdoctor_{self.made}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True
        ) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def programs() -> Path | None:
    """Where the programs of PostgreSQL's server are; Debian keeps them off PATH, by version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).parent if named else None


@contextmanager
def postgres(programs: Path) -> Iterator[Postgres]:
    """Started for the block, and gone after it: as the user ``postgres`` where we are root, whom it refuses."""
    user = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        if user:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        made = [f"{programs}/initdb", "-D", data, "-N", "-A", "trust", "-U", "postgres", "--locale=C", "-E", "UTF8"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, user=user, cwd=folder)
        with socket.socket() as asked:
            asked.bind(("127.0.0.1", 0))
            port = asked.getsockname()[1]
        settings = {"fsync": "off", "unix_socket_directories": folder, "shared_buffers": "32MB", "jit": "off"}
        command = [f"{programs}/postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1"]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user, cwd=folder)
        try:
            _answers(port)
            yield Postgres(port, Path(folder), programs)
        finally:
            server.send_signal(signal.SIGQUIT)  # ("immediate": nothing of it is needed any more)
            server.wait(20)


def _answers(port: int) -> None:
    import psycopg

    ends = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            assert time.monotonic() < ends, "the database does not start"
            time.sleep(0.05)
