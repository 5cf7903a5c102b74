"""A server may be killed at any moment: what it had finished is there, and nothing that it had not."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread
import psycopg
import pytest

from perfdoctor.server.store import exchange
from perfdoctor.server.store.recordings import Recordings
from tests.server import stores
from tests.server.writer import KEEP

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[2]
KILLS = {"sqlite": 60, "postgresql": 30}
MOST = 3
"""times as many kills, until each kind of act was seen done"""
LONGEST = 0.02
"""seconds from the beginning of a write to the kill, at most"""
CALLS = {"sqlite": 1000, "postgresql": 4600}
"""of the store's code and the driver's, in some ten writes"""


@dataclass
class Told:
    """What the writers said. ``rows`` are those of each recording; the latest word on each recording and act counts."""

    rows: dict[str, int] = field(default_factory=dict)
    added: set[str] = field(default_factory=set)
    perhaps: set[str] = field(default_factory=set)
    """begun and not known to be done: there or not there, but whole"""
    pinned: set[str] = field(default_factory=set)
    tagged: set[str] = field(default_factory=set)
    exported: set[str] = field(default_factory=set)
    exports: int = 0

    def hear(self, line: str) -> None:
        when, act, identity, value = line.split()
        if act in ("add", "import"):
            self.rows[identity] = int(value)
        if when == "begin" and act in ("add", "delete", "import"):
            self.added.discard(identity)
            self.perhaps.add(identity)
        elif act in ("add", "import"):
            self.perhaps.discard(identity)
            self.added.add(identity)
        elif act == "delete":
            self.perhaps.discard(identity)
        elif when == "done":
            {"pin": self.pinned, "tag": self.tagged, "export": self.exported}[act].add(identity)


class Writers:
    """Starts writers and kills them; ``lines`` is what they noted."""

    def __init__(self, state: Path, url: str | None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.server.writer", str(state), *([url] if url else [])],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self.lines: list[str] = []
        self.read = 0
        threading.Thread(target=lambda: self.lines.extend(self.process.stderr or ()), daemon=True).start()
        assert self._answer() == "ready"

    def kill_one(self, seed: int, *, calls: int, skip: int, wait: float) -> list[str]:
        """The notes of a writer that kills itself after so many ``calls``; or, without, that is killed ``wait`` seconds
        after it began its write number ``skip``."""
        assert self.process.stdin
        self.process.stdin.write(f"{seed} {calls}\n")
        pid = int(self._answer().split()[1])
        if not calls:
            self._until(lambda new: sum(line.startswith("begin") for line in new) > skip)
            time.sleep(wait)
            os.kill(pid, signal.SIGKILL)
        self._until(lambda new: bool(new) and new[-1].startswith("killed"))
        notes, self.read = self.lines[self.read : -1], len(self.lines)
        return notes

    def _until(self, holds: Callable[[list[str]], bool]) -> None:
        ends = time.monotonic() + 20
        while not holds(self.lines[self.read :]):
            assert time.monotonic() < ends and self.process.poll() is None, self.lines[-20:]
            time.sleep(0.0005)

    def _answer(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()


async def test_killed_at_any_moment(tmp_path: Path, place: str | None) -> None:
    kind = "postgresql" if place else "sqlite"
    state = tmp_path / "state"
    seed = int(os.environ.get("PERFDOCTOR_SEED", time.time_ns() % 10**9))
    print(f"PERFDOCTOR_SEED={seed}")
    chance, told = random.Random(seed), Told()
    recordings = stores.recordings(state, place, keep=KEEP)
    writers, in_a_write, killed = Writers(state, place), 0, 0
    try:
        for number in range(MOST * KILLS[kind]):
            notes = writers.kill_one(
                seed + number,
                calls=chance.randint(1, CALLS[kind]) if number % 4 else 0,
                skip=chance.choice((0, 1, 2, 3)),
                wait=chance.uniform(0, LONGEST),
            )
            for line in notes:
                told.hear(line)
            in_a_write += notes[-1].startswith("begin")
            killed += 1
            if killed % 15 == 0:
                await check(recordings, state, place, told)
                # (of few kills one kind of act may by chance have come to nothing: then there are more)
                if killed >= KILLS[kind] and told.added and told.exports and told.tagged and told.pinned:
                    break
    finally:
        writers.process.kill()
    print(f"{in_a_write} of {killed} kills within a write")
    assert in_a_write > killed / 4, "most kills met nothing"
    assert told.added and told.exports and told.tagged and told.pinned, "too little was done to mean anything"


async def check(recordings: Recordings, state: Path, url: str | None, told: Told) -> None:
    """The store opens and is sound; all that was finished is there (or has expired), and what is there is whole."""
    listed, total = await recordings.list(1000)
    gone = await anyio.to_thread.run_sync(gone_of_postgresql if url else gone_of_sqlite, url or state / "recordings.db")
    there = {one.id: one for one in listed}
    assert total == len(listed) <= KEEP
    assert told.added <= there.keys() | gone, "something finished was lost"
    assert there.keys() <= told.added | told.perhaps, "something is there that nobody finished or began"
    for one in listed:
        evidence = await recordings.evidence(one.id)
        assert evidence.cpu is not None and len(evidence.cpu.rows) == told.rows[one.id]
        assert one.summary == f"{told.rows[one.id]} rows"
        assert one.label in ("", one.id)
    for identity in (told.tagged & there.keys()) - told.perhaps:
        assert there[identity].label == identity
    for identity in told.pinned:
        assert there[identity].pinned, "a pinned one is gone"
    for identity in told.exported:
        (found,) = exchange.read(state / "exports" / f"{identity}.perfdoctor")
        assert found.recording.id == identity
    told.exports += len(told.exported)
    told.exported.clear()
    for path in (state / "exports").glob("[!.]*.perfdoctor"):
        exchange.read(path)  # (under its name it is whole, also where nobody said that it was finished)
        path.unlink()


def gone_of_sqlite(file: Path) -> set[str]:
    """Ids of what made room. The file is sound."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchone() is None
        return {row[0] for row in connection.execute("SELECT id FROM expired")}


_OPEN = """SELECT count(*) FROM pg_stat_activity
  WHERE datname = current_database() AND xact_start IS NOT NULL AND pid != pg_backend_pid()"""


def gone_of_postgresql(url: str) -> set[str]:
    """The same. What a killed writer held is given back: nobody waits for it."""
    with psycopg.connect(url) as connection:
        ends = time.monotonic() + 10
        while connection.execute(_OPEN).fetchone() != (0,):
            connection.rollback()  # (a transaction sees these as they were at its beginning)
            assert time.monotonic() < ends, "a transaction of a killed writer is still open"
            time.sleep(0.02)
        return {row[0] for row in connection.execute("SELECT id FROM expired")}
