"""The shell's tools on instruments that need no machine: ``python -m tests.server.fake_cli trace-cpu 4242``."""

import sys

from perfdoctor.server.shell import run_tool
from tests.server.fakes import FakeInstruments


def _note(event: str, _at: float) -> None:
    sys.stderr.write(f"{event}\n")
    sys.stderr.flush()


sys.exit(run_tool(sys.argv[1:], FakeInstruments(_note)))
