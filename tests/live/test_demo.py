"""The demo shows what it promises: the planted problems named at their lines, fixed, and proven fixed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.need import need

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.live


def test_the_demo_ends_well(tmp_path: Path) -> None:
    need(os.geteuid() == 0, "the demo's findings need root")
    command = [sys.executable, str(ROOT / "demo" / "run.py"), "--seconds", "5", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b" not in done.stdout, "colours only on a terminal"
