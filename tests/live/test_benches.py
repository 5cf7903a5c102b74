"""The benches that compare CPU profilers run, and our own has something to say in them. No figure is asserted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.need import need

pytestmark = pytest.mark.live
BENCH = Path(__file__).parents[2] / "bench"


@pytest.mark.parametrize(
    ("bench", "options"),
    [
        ("accuracy.py", ("--windows=1", "--window=0.5", "--only=C, functions of microseconds")),
        ("profilers.py", ("--repeats=1", "--window=0.2", "--only=C")),
    ],
)
def test_it_runs(bench: str, options: tuple[str, ...]) -> None:
    need(os.geteuid() == 0, "needs root")
    command = [sys.executable, str(BENCH / bench), *options, "--by=perfdoctor"]
    went = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert went.returncode == 0, went.stderr
    rows = [line for line in went.stdout.splitlines() if line.startswith("| perfdoctor")]
    assert rows, went.stdout
    for row in rows:
        assert "did not run" not in row, went.stderr
        assert "names none" not in row, row


def test_equal_and_changed_programs_are_compared() -> None:
    need(os.geteuid() == 0, "needs root")
    command = [sys.executable, str(BENCH / "compare.py"), "--quick", "--kinds=steady"]
    went = subprocess.run(command, capture_output=True, text=True, check=False, timeout=170)
    rows = [line for line in went.stdout.splitlines() if line.startswith("| steady | windows of two runs |")]
    assert len(rows) == 2, went.stdout + went.stderr


def test_no_message_to_many_clients_is_lost() -> None:
    command = [sys.executable, str(BENCH / "load.py"), "--clients=9", "--seconds=1.5", "--spread=0"]
    went = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert went.returncode == 0, went.stderr
    told = json.loads(went.stdout)
    assert told["answered"] == 9
    assert told["progress received"] == told["progress sent"] > 9
    assert told["progress given up"] == told["progress lost"] == 0
