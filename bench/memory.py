"""What does tracing memory cost? As overhead.py, on programs that do little but allocate or touch pages.

    python bench/memory.py [--repeats 5] [--window 1.0] [--write]

The budget that ends an allocation trace is lifted for it. Needs root.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import machine
from overhead import compare, started, table
from tracers import HERE, Tracer, engine, tracefs

RESULTS = HERE / "results" / "memory.md"
C_LIBRARY = "uprobe:libc:malloc { @size[tid] = arg0; }\nuretprobe:libc:malloc /@size[tid]/ {\n"
BPFTRACE = (
    C_LIBRARY
    + "    @bytes[ustack(4)] = sum(@size[tid]);\n    @live[retval] = @size[tid];\n    delete(@size[tid]);\n}\n"
    "uprobe:libc:free { delete(@live[arg0]); }\n"
)
GROWTH = engine("growth", "engine, growth")
ALLOCATIONS = engine("allocations", "engine, allocations")
OBJECTS = engine("objects", "engine, objects")
PERF = Tracer("perf record -e page-faults -g", (
    "perf", "record", "-e", "page-faults", "-c", "1", "-g", "-o", "/dev/null", "-p", "PID",
))  # fmt: skip
OTHER = Tracer("bpftrace, malloc and free by stack", ("bpftrace", "-p", "PID", "-e", BPFTRACE))


def compiled(name: str, folder: Path) -> str:
    command = ["cc", "-O1", "-g", "-fno-omit-frame-pointer", str(HERE / "targets" / f"{name}.c")]
    subprocess.run([*command, "-o", str(folder / name)], check=True)
    return str(folder / name)


def measure(repeats: int, window: float) -> list[str]:
    lines = ["# What tracing memory costs", "", f"{machine()}."]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records = [sys.executable, str(HERE / "targets" / "records.py")]
        for title, command, tracers in (
            ("C, nothing but malloc and free", [compiled("malloc_loop", folder)], [GROWTH, ALLOCATIONS, OTHER]),
            ("C, nothing but page faults", [compiled("page_loop", folder)], [GROWTH, ALLOCATIONS, PERF]),
            ("an ordinary Python program", records, [GROWTH, ALLOCATIONS, OBJECTS, OTHER]),
        ):
            print(title, file=sys.stderr)
            with started("target", command, folder) as target:
                rate = target.rates(window)[0]
                slow = compare(target, target.pid, [t for t in tracers if t.there], repeats, window)
            lines += table(f"{title} ({rate:,.0f}/s untraced)", slow)
            # what one operation became longer by
            for tracer, times in slow.items():
                if times:
                    middle = sorted(wall for wall, _ in times)[len(times) // 2]
                    print(f"  {tracer}: {(middle - 1) / rate * 1e9:,.0f} ns per operation", file=sys.stderr)
    return lines


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--window", type=float, default=1.0, help="seconds of each reading")
    options.add_argument("--write", action="store_true", help=f"also write {RESULTS.relative_to(HERE.parent)}")
    chosen = options.parse_args()
    with tracefs():
        lines = measure(chosen.repeats, chosen.window)
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if chosen.write:
        RESULTS.write_text(text)


if __name__ == "__main__":
    main()
