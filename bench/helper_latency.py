"""How long it takes until a window is attached, and until its answer is there: by ourselves, and through the helper.

    python bench/helper_latency.py [--times 9] [--seconds 0.5]

Run as root: the helper is started from this checkout. The target is a Python program that makes system calls. Prints,
for each way, the median and the range of both times in milliseconds, and how many calls a second the target made
meanwhile.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helper_daemon import helper_daemon

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.host.helper import HelperClient, HelperHost
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.syscalls import trace_syscalls
from perfdoctor.collectors.target import find_target

TARGET = "import os, time\nwhile True:\n for _ in range(20): os.stat('/')\n time.sleep(0.001)"


async def once(host: Host, pid: int, seconds: float) -> tuple[float, float, float]:
    """Milliseconds until attached, milliseconds from the window's end to the answer, calls a second."""
    attached = [0.0]

    def progress(_elapsed: float, message: str) -> None:
        if message == "attached" and not attached[0]:
            attached[0] = time.monotonic()

    target = find_target(host, pid)
    asked = time.monotonic()
    evidence = await trace_syscalls(host, target, seconds=seconds, backend="bpf", progress=progress)
    answered = time.monotonic()
    assert evidence.syscalls is not None
    after = answered - attached[0] - seconds
    return (attached[0] - asked) * 1e3, after * 1e3, evidence.syscalls.calls / evidence.window.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5)
    given = parser.parse_args()
    with helper_daemon("allow = []\n") as (_, path):
        target = subprocess.Popen([sys.executable, "-c", TARGET])
        try:
            hosts: dict[str, Host] = {"by ourselves": LocalHost(), "by the helper": HelperHost(HelperClient(str(path)))}
            for host in hosts.values():
                anyio.run(once, host, target.pid, 0.1)  # (what is loaded once)
            times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in hosts}
            for _ in range(given.times):
                for name, host in hosts.items():
                    times[name].append(anyio.run(once, host, target.pid, given.seconds))
            for name, found in times.items():
                columns = list(zip(*found, strict=True))
                said = [f"{statistics.median(c):.0f} ({min(c):.0f} to {max(c):.0f})" for c in columns]
                print(f"{name}: attached after {said[0]} ms, answered {said[1]} ms after the end, {said[2]} calls/s")
        finally:
            target.terminate()
            target.wait(10)


if __name__ == "__main__":
    assert os.geteuid() == 0, "the helper needs its capabilities"
    main()
