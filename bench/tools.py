"""What does each tool cost, by each backend? On a busy but ordinary service, side by side in one run.

    python bench/tools.py [--repeats 3] [--window 1.0] [--only NAME] [--write]

As in bench/overhead.py: the service's rate without a tracer before and after, over the rate with it; the median of the
repeats, with the least and the most. ``--write`` keeps the table in bench/results/tools.md. Needs root.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from machine import machine
from overhead import compare, started, times
from tracers import HERE, Tracer, tracefs

RESULTS = HERE / "results" / "tools.md"
PROGRAM = "program=tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }"
TOOLS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("diagnose", "bpf", ()),
    ("proc-watch", "proc", ()),
    ("proc-memory", "proc", ()),
    ("proc-threads", "proc", ()),
    ("proc-threads", "py-spy", ()),
    ("trace-cpu", "bpf", ()),
    ("trace-cpu", "py-spy", ()),
    ("trace-cpu", "perf", ()),
    ("trace-syscalls", "bpf", ()),
    ("trace-syscalls", "bpftrace", ()),
    ("trace-syscalls", "perf", ()),
    ("trace-syscalls", "strace", ()),
    ("trace-files", "bpf", ()),
    ("trace-files", "strace", ()),
    ("trace-files", "proc", ()),
    ("trace-io", "bpf", ()),
    ("trace-io", "proc", ()),
    ("trace-network", "bpf", ()),
    ("trace-network", "strace", ()),
    ("trace-network", "sockets", ()),
    ("trace-locks", "bpf", ()),
    ("trace-locks", "bpftrace", ()),
    ("trace-locks", "strace", ()),
    ("trace-memory", "bpf", ()),
    ("trace-memory", "perf", ()),
    ("trace-memory", "proc", ()),
    ("trace-memory", "bpf", ("mode=allocations",)),
    ("trace-custom", "bpftrace", (PROGRAM,)),
    ("trace-function", "bpf", ("function=sock_recv*",)),
    ("trace-function", "bpftrace", ("function=sock_recv",)),
    ("trace-function", "ltrace", ("function=recv",)),
)
"""(tool, backend, its options)"""


def tracer(tool: str, backend: str, options: tuple[str, ...]) -> Tracer:
    more = f" {' '.join(options)}" if options else ""
    command = (sys.executable, str(HERE / "tool_run.py"), "PID", "SECONDS", tool, backend, *options)
    return Tracer(f"{tool} by {backend}{more}", command, ours=True)


def measure(repeats: int, window: float, only: str) -> list[str]:
    tracers = [found for asked in TOOLS if only in (found := tracer(*asked)).name]
    with tempfile.TemporaryDirectory() as name:
        service = [sys.executable, str(HERE / "targets" / "service.py")]
        with started("service", service, Path(name)) as target:
            rate = target.rates(window)[0]
            slow = compare(target, target.pid, tracers, repeats, window)
    lines = [
        "# What each tool costs an ordinary service",
        "",
        f"{machine()}; made by",
        f"`python bench/tools.py --repeats {repeats} --window {window:g}`.",
        "The service parses JSON, reads a file, takes a lock, writes a log and answers over TCP, as fast as it can:",
        f"{rate:,.0f} requests/s untraced. 1.00x is no slow-down.",
        "",
        "| tool and backend | slow-down (least-most) | by the service's CPU time | lost |",
        "|---|---|---|---|",
    ]
    for each in tracers:
        values = slow.get(each.name, [])
        wall, cpu = times([wall for wall, _ in values]), times([cpu for _, cpu in values])
        lines.append(f"| {each.name} | {wall} | {cpu} | {each.lost} |")
    return lines


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--window", type=float, default=1.0, help="seconds of each reading")
    options.add_argument("--only", default="", help="only tools with this in their name")
    options.add_argument("--write", action="store_true", help=f"also write {RESULTS.relative_to(HERE.parent)}")
    chosen = options.parse_args()
    with tracefs():
        text = "\n".join(measure(chosen.repeats, chosen.window, chosen.only)) + "\n"
    print(text)
    if chosen.write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
