"""The privileged helper, started from this checkout on a socket of its own: for the benches that talk to it."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from perfdoctor.collectors.helper import main as helper_main


class Daemon(NamedTuple):
    process: subprocess.Popen[bytes]
    path: Path
    """of its socket"""


@contextmanager
def helper_daemon(policy: str, **programs: str) -> Iterator[Daemon]:
    """It listens, under ``policy`` (the text of its file), and offers ``programs``; afterwards it has ended. Takes
    root."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # who may ask is the policy's matter
        told, path = Path(folder, "helper.toml"), Path(folder, "helper.sock")
        told.write_text(policy)
        Path(folder, "programs").mkdir(mode=0o755)
        for name, text in programs.items():
            Path(folder, "programs", f"{name}.bt").write_text(text)
        program = [sys.executable, "-I", "-S", str(helper_main.__file__)]
        process = subprocess.Popen([*program, "--policy", str(told), "--socket", str(path)], stderr=subprocess.DEVNULL)
        try:
            while not path.exists():
                if process.poll() is not None:
                    raise RuntimeError(f"the helper did not start: {process.returncode}")
                time.sleep(0.02)
            yield Daemon(process, path)
        finally:
            process.terminate()
            process.wait(10)
