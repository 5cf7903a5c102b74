"""What a server does to its store, without a pause, until it is killed. ``python -m tests.server.writer STATE``.

Reads a line: a seed. Forks a writer for it and prints ``writes PID``; the writer notes on its standard error each
thing before it begins it and once it is done: ``begin add r-… ROWS``, ``done add r-… ROWS``. One line is one write(2),
so that what it said survives it. Forking makes many kills in a few seconds possible: nothing is imported again.
"""

import os
import random
import sys
from pathlib import Path

import anyio

from perfdoctor.schemas.problem import ProblemError
from perfdoctor.server.store.recording import Kind
from perfdoctor.server.store.recordings import Recordings, new_id
from tests.server import samples

KEEP = 40


def note(*words: object) -> None:
    os.write(2, (" ".join(map(str, words)) + "\n").encode())


async def work(state: Path, seed: int) -> None:
    chance = random.Random(seed)
    recordings = Recordings(state, keep=KEEP, keep_bytes=1 << 30)
    profile = samples.evidence().cpu
    assert profile is not None
    begun_by = os.getppid()
    while os.getppid() == begun_by:
        rows = 4 * chance.choice((1, 10, 100, 1000))
        evidence = samples.evidence(cpu=profile.model_copy(update={"rows": samples.cpu_rows() * (rows // 4)}))
        identity = new_id()
        note("begin add", identity, rows)
        await recordings.add(identity, Kind.CPU, "writer", f"{rows} rows", evidence)
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
                    await recordings.take_in(path, "writer")
                    note("done import", identity, rows)
        except ProblemError:
            pass  # (too many pins)


def main() -> None:
    state = Path(sys.argv[1])
    (state / "exports").mkdir(mode=0o700, parents=True, exist_ok=True)
    anyio.run(Recordings(state, keep=KEEP, keep_bytes=1 << 30).ready)  # (whatever is loaded at the first use is loaded)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            anyio.run(work, state, int(line))
        sys.stdout.write(f"writes {child}\n")
        sys.stdout.flush()
        os.waitpid(child, 0)
        sys.stdout.write("killed\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
