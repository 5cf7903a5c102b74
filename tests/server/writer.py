"""What a server does to its store, without a pause, until it is killed. ``python -m tests.server.writer STATE [URL]``.

Reads a line: a seed, and a number of calls. Forks a writer for it, prints ``writes PID``, and notes its end; the writer
notes on its standard error each thing before it begins it and once it is done: ``begin add r-… ROWS``. One line is one
write(2), so that what it said survives it. With a number of calls other than 0 the writer kills itself at that call of
the store's code, which is how the moments between two statements are met; else it is killed from outside, which is how
those within one are. Forking makes many kills in a few seconds possible: nothing is imported again.
"""

import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import anyio

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.store.recording import Kind, new_id
from tests.server import samples, stores

KEEP = 60
OF_THE_STORE = ("/server/store/", "/sqlalchemy/engine/default.py", "/psycopg/")
"""files whose calls are counted: ours, the one that speaks to SQLite's driver, and the driver of PostgreSQL"""


def note(*words: object) -> None:
    os.write(2, (" ".join(map(str, words)) + "\n").encode())


async def work(state: Path, url: str | None, seed: int) -> None:
    chance = random.Random(seed)
    recordings = stores.recordings(state, url, keep=KEEP)
    profile = samples.evidence().cpu
    assert profile is not None
    begun_by = os.getppid()
    while os.getppid() == begun_by:
        rows = chance.choice((1, 10, 100, 400))
        row = samples.cpu_rows()[0]
        # (text that does not get smaller, so that writing it takes a while)
        made = tuple(row.model_copy(update={"thread": chance.randbytes(300).hex()}) for _ in range(rows))
        evidence = samples.evidence(cpu=profile.model_copy(update={"rows": made}))
        identity = new_id()
        note("begin add", identity, rows)
        await recordings.add(identity, Kind.CPU, f"{rows} rows", evidence)
        note("done add", identity, rows)
        act = chance.choice(("pin", "tag", "delete", "export", "import", "none"))
        try:
            if act == "pin":
                note("begin pin", identity, 1)
                await recordings.pin(identity, pinned=True)
                note("done pin", identity, 1)
            elif act == "tag":
                note("begin tag", identity, identity)
                await recordings.tag(identity, identity)
                note("done tag", identity, identity)
            elif act == "delete":
                note("begin delete", identity, 0)
                await recordings.delete(identity)
                note("done delete", identity, 0)
            elif act in ("export", "import"):
                path = state / "exports" / f"{identity}.perfdoctor"
                await recordings.export((identity,), path)
                note("done export", identity, rows)
                if act == "import":
                    note("begin delete", identity, 0)
                    await recordings.delete(identity)
                    note("done delete", identity, 0)
                    note("begin import", identity, rows)
                    await recordings.take_in(path)
                    note("done import", identity, rows)
        except ProblemError:
            pass  # (too many pins)


def killing_at(call: int) -> Callable[[FrameType, str, Any], None]:
    """Ends this process, as kill -9 does, at a call that the store makes (of a function, a statement, the system)."""
    left = [call]

    def hook(frame: FrameType, event: str, _argument: Any) -> None:
        if event.startswith("c_") and any(part in frame.f_code.co_filename for part in OF_THE_STORE):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook


def main() -> None:
    state, url = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
    (state / "exports").mkdir(mode=0o700, parents=True, exist_ok=True)
    anyio.run(stores.recordings(state, url).list, 1)  # (whatever is loaded at the first use is loaded)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        seed, calls = map(int, line.split())
        child = os.fork()
        if child == 0:
            if calls:
                threading.setprofile(killing_at(calls))  # (the store works in threads, which begin after this)
            anyio.run(work, state, url, seed)
        sys.stdout.write(f"writes {child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
        note("killed", child)  # (after all that it said)


if __name__ == "__main__":
    main()
