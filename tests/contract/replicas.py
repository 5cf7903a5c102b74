"""Real servers on one store, each a process with a state folder of its own, and the tokens of all."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from perfdoctor.server.policy import Role
from perfdoctor.server.tokens import Tokens
from tests.contract.connections import ROOT, Events, fake_server


@dataclass
class Callers:
    anna: str
    ben: str
    file: Path


def made_callers(folder: Path) -> Callers:
    """Two tokens, in a file that every server gets."""
    tokens = Tokens(folder)
    anna, ben = (tokens.create(name, Role.OPERATE) for name in ("anna", "ben"))
    return Callers(anna, ben, folder / "tokens.json")


@dataclass
class Replica:
    process: subprocess.Popen[bytes]
    url: str
    events: Events


@contextmanager
def replica(folder: Path, tokens: Path, *rest: str) -> Iterator[Replica]:
    """One server, once it listens; ``rest`` are options of ``fake_server``."""
    state = folder / "state"
    state.mkdir(mode=0o700, parents=True)
    (state / "tokens.json").write_bytes(tokens.read_bytes())
    (state / "tokens.json").chmod(0o600)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(fake_server("http", folder / "events", state, *rest), cwd=ROOT, stderr=log)
    try:
        yield Replica(process, _where(process, folder / "log"), Events(folder / "events"))
    finally:
        process.terminate()
        process.wait(10)


def _where(process: subprocess.Popen[bytes], log: Path) -> str:
    ends = time.monotonic() + 150
    while "\n" not in (said := log.read_text()):
        assert process.poll() is None and time.monotonic() < ends, said
        time.sleep(0.02)
    return next(word for word in said.split() if word.startswith("http://")).removesuffix("/mcp")
