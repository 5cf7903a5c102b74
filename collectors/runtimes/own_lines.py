"""Of which runtimes are the program's own lines told, and what would be needed for the others?

The one place that says so: tools-check tells it of what runs now, and every measurement of a process whose lines
cannot be read states it among its warnings. How exact each question is for the runtimes whose lines are read stands in
``collectors/exactness.py``.
"""

import contextlib
import re
from dataclasses import dataclass

from perfdoctor.collectors.host.base import Host
from perfdoctor.collectors.runtimes.perf_map import is_there

SOURCE_LINES = "source lines"


@dataclass(frozen=True, slots=True)
class Runtime:
    """``name`` is what people call it. ``told`` is what is read of it; ``needed``, where that is less than lines, what
    would name more. ``writes_map``: its compiler can write down for perf which code is which function, and ours reads
    it."""

    pattern: re.Pattern[str]
    name: str
    told: str = SOURCE_LINES
    needed: str = ""
    writes_map: bool = False


_NATIVE = "native functions only"
RUNTIMES = (
    Runtime(re.compile(r"python3\.(?:[89]|1[0-5])$"), "CPython"),
    Runtime(re.compile(r"python"), "Python", "source lines of CPU time only (py-spy)"),
    Runtime(re.compile(r"node$"), "Node.js", "source lines of CPU time, functions of system calls and new objects"),
    Runtime(re.compile(r"java$"), "Java", "source lines (CPU time, system calls, locks and new objects)"),
    Runtime(re.compile(r"go$"), "Go", "functions and lines"),
    Runtime(
        re.compile(r"ruby"), "Ruby", _NATIVE,
        "start it with ruby --yjit --yjit-perf (3.3 and newer) and its compiled methods are named; lines of CPU time "
        "are read by rbspy (rbspy record --pid PID)",
        writes_map=True,
    ),
    Runtime(
        re.compile(r"php"), "PHP", _NATIVE,
        "start it with opcache.jit_debug=16 (PHP 8, opcache.jit on) and its compiled functions are named; lines of CPU "
        "time are read by phpspy (phpspy -p PID)",
        writes_map=True,
    ),
    Runtime(
        re.compile(r"erlang$"), "Erlang or Elixir", _NATIVE,
        "start the emulator with +JPperf true (OTP 24 and newer; ELIXIR_ERL_OPTIONS or ERL_FLAGS) and its functions "
        "are named",
        writes_map=True,
    ),
    Runtime(
        re.compile(r"dotnet$"), ".NET", _NATIVE,
        "start it with DOTNET_PerfMapEnabled=1 and its methods are named; lines of CPU time are read by dotnet-trace "
        "(dotnet-trace collect --process-id PID)",
        writes_map=True,
    ),
    Runtime(
        re.compile(r"mono$"), "Mono", _NATIVE, "start it with mono --jitmap and its methods are named",
        writes_map=True,
    ),
    Runtime(
        re.compile(r"deno$"), "Deno", _NATIVE,
        "start it with deno run --v8-flags=--perf-basic-prof and its functions are named",
        writes_map=True,
    ),
    Runtime(
        re.compile(r"bun$"), "Bun", _NATIVE,
        "start it with bun --inspect, and take a profile with its debugger: it writes no perf map",
    ),
    Runtime(
        re.compile(r"pypy"), "PyPy", _NATIVE,
        "run the program under vmprof (python -m vmprof), or under CPython, whose lines are read",
    ),
    Runtime(
        re.compile(r"perl$"), "Perl", _NATIVE, "run the program under Devel::NYTProf (perl -d:NYTProf)",
    ),
    Runtime(re.compile(r"luajit$"), "LuaJIT", _NATIVE, "run the program with LuaJIT's own profiler (luajit -jp=l)"),
    Runtime(
        re.compile(r"lua$"), "Lua", _NATIVE,
        "load a profiler into the program that uses debug.sethook, or run it with luajit -jp=l",
    ),
)  # fmt: skip


def find(runtime: str) -> Runtime | None:
    """What is known of a runtime by the name that ``which`` gives it; None of native code and of what is unknown."""
    return next((known for known in RUNTIMES if known.pattern.match(runtime)), None)


def told(runtime: str) -> str:
    """What is read of a runtime, in a few words."""
    known = find(runtime)
    return known.told if known else _NATIVE


def has_map(host: Host, pid: int, runtime: str) -> bool:
    """Whether the process has begun to write a perf map that names its functions."""
    known = find(runtime)
    if known is None or not known.writes_map:
        return False
    with contextlib.suppress(OSError):
        return is_there(host, pid)
    return False


def statement(runtime: str, *, mapped: bool) -> str:
    """For a process whose own lines cannot be read: that it is so, and what would be needed; empty for others.

    ``mapped``: its perf map names what it compiled."""
    known = find(runtime)
    if known is None or not known.needed:
        return ""
    if mapped:
        return (
            f"lines of {known.name} cannot be read: its functions are named from the perf map that it writes (those "
            "that it compiled, without the line that was running)"
        )
    return f"lines and functions of {known.name} cannot be read, stacks are its runtime's native ones: {known.needed}"
