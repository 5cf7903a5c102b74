"""A server may be killed at any moment: what it had finished is there, and nothing that it had not."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from perfdoctor.server.store import exchange
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.store.recordings import Recordings
from tests.server import samples
from tests.server.writer import KEEP

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).resolve().parents[2]
KILLS = 40
LONGEST = 0.12
"""seconds that a writer lives at most: some ten writes"""


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


async def test_killed_at_any_moment(tmp_path: Path) -> None:
    state = tmp_path / "state"
    seed = int(os.environ.get("PERFDOCTOR_SEED", time.time_ns() % 10**9))
    print(f"PERFDOCTOR_SEED={seed}")
    chance, told, between = random.Random(seed), Told(), 0
    writer = subprocess.Popen(
        [sys.executable, "-m", "tests.server.writer", str(state)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
    )  # fmt: skip
    lines: list[str] = []
    recordings = Recordings(state, keep=KEEP, keep_bytes=1 << 30)
    try:
        assert writer.stdin and writer.stdout and writer.stderr
        reader = threading.Thread(target=lambda: lines.extend(writer.stderr or ()), daemon=True)
        reader.start()
        assert writer.stdout.readline() == "ready\n"
        for number in range(KILLS):
            heard = len(lines)
            writer.stdin.write(f"{seed + number}\n")
            pid = int(writer.stdout.readline().split()[1])
            time.sleep(chance.uniform(0, LONGEST))
            os.kill(pid, signal.SIGKILL)
            assert writer.stdout.readline() == "killed\n"
            between += any(line.startswith("begin") for line in lines[heard:])
            if number % 8 == 7:
                await check(recordings, state, None)
        writer.stdin.close()
        assert writer.wait(10) == 0
        reader.join(10)
    finally:
        writer.kill()
    for line in lines:
        told.hear(line)
    assert between > KILLS / 4, "most writers never came to write: kill later"
    assert told.added and told.exported and told.tagged, "too little was done to mean anything"
    await check(recordings, state, told)


async def check(recordings: Recordings, state: Path, told: Told | None) -> None:
    """The store opens and is sound. With what was ``told``: all that was finished is there (or has expired), and what
    is there is whole."""
    with closing(sqlite3.connect(state / "recordings.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        gone = {row[0] for row in connection.execute("SELECT id FROM expired")}
    listed, total = await recordings.list(1000)
    assert total == len(listed) <= KEEP + 1
    if told is None:
        return
    there = {one.id: one for one in listed}
    assert told.added <= there.keys() | gone, "something finished was lost"
    assert there.keys() <= told.added | told.perhaps, "something is there that nobody finished or began"
    for one in listed:
        evidence = await recordings.evidence(one.id)
        assert evidence.cpu is not None and len(evidence.cpu.rows) == told.rows[one.id]
        assert one.summary == f"{told.rows[one.id]} rows"
        assert one.label in ("", one.id)
    for identity in told.tagged & there.keys() - told.perhaps:
        assert there[identity].label == identity
    for identity in told.pinned:
        assert there[identity].pinned, "a pinned one is gone"
    for identity in told.exported:
        (found,) = exchange.read(state / "exports" / f"{identity}.perfdoctor")
        assert found.recording.id == identity
    for path in (state / "exports").glob("[!.]*.perfdoctor"):
        exchange.read(path)  # (under its name it is whole, also where nobody said that it was finished)
    await recordings.add("r-afterwards", Kind.CPU, "anna", "", samples.evidence())
