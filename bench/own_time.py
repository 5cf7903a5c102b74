"""What does the engine take from an ordinary program, by the kernel's own account?

    python bench/own_time.py [--seconds 5]

Rates on a shared machine waver by more than the few per cent that are asked about. The kernel can time every run of
every BPF program instead (kernel.bpf_stats_enabled; the timing itself adds some 40 ns to each run and is in the
figures). The target computes, and makes about 20,000 system calls a second. Needs root; the setting is put back.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from perfdoctor.collectors.backends.bpf.engine import Engine
from perfdoctor.collectors.backends.bpf.libbpf import library
from perfdoctor.collectors.backends.bpf.wanted import Wanted
from perfdoctor.collectors.host.local import LocalHost
from perfdoctor.collectors.target import find_target

ORDINARY = Path(__file__).parent / "targets" / "ordinary.py"
SWITCH = Path("/proc/sys/kernel/bpf_stats_enabled")
PROGRAMS = ("call_begins", "call_ends", "switches", "wakes_up")


def account(engine: Engine) -> dict[str, tuple[int, int]]:
    """(nanoseconds run, times run) of each program so far, from /proc/self/fdinfo."""
    figures = {}
    for name in PROGRAMS:
        text = Path(f"/proc/self/fdinfo/{library().bpf_program__fd(engine.program(name))}").read_text()
        found = dict(re.findall(r"(\w+):\s*(\d+)", text))
        figures[name] = int(found["run_time_ns"]), int(found["run_cnt"])
    return figures


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--seconds", type=float, default=5)
    seconds = options.parse_args().seconds
    before = SWITCH.read_text()
    with tempfile.TemporaryDirectory() as folder:
        counter = Path(folder, "counter")
        counter.write_bytes(bytes(8))
        target = subprocess.Popen([sys.executable, ORDINARY, counter], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        engine = None
        try:
            assert target.stdout is not None
            target.stdout.readline()
            host = LocalHost()
            engine = Engine(host, find_target(host, target.pid), Wanted())
            engine.start([target.pid])
            SWITCH.write_text("1")
            first, began = account(engine), time.monotonic()
            time.sleep(seconds)
            last, took = account(engine), time.monotonic() - began
        finally:
            SWITCH.write_text(before)
            if engine:
                engine.close()
            target.kill()
            target.communicate()
    print("| program | runs a second, all processes | ns a run |\n|---|---|---|")
    total = 0
    for name in PROGRAMS:
        ns, runs = (last[name][i] - first[name][i] for i in range(2))
        total += ns
        print(f"| {name} | {runs / took:,.0f} | {ns / max(runs, 1):.0f} |")
    print(f"\nTogether {total / took / 1e7:.1f} % of one core.")


if __name__ == "__main__":
    main()
