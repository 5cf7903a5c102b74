"""Reads what ``Thread.print -l`` says: every thread's frames, monitors, and the deadlocks that the machine found."""

import re
from dataclasses import dataclass, field

# "main" #1 [4711] prio=5 os_prio=0 cpu=32.21ms elapsed=6.01s tid=0x00007f2158017ea0 nid=0x4bad waiting on condition …
# (JDK 21 and later write nid in decimal)
_THREAD = re.compile(r'"(.*)" (?:#\d+ )?.*?\bnid=(0x[0-9a-f]+|\d+) (.*)$')
#     at java.lang.ref.Reference.getFromInactive(java.base@17.0.15/Reference.java:253)
#     at Lab.main(Lab.java:16)      at Lab$$Lambda$3/0x00007f20d8002800.run(Unknown Source)
_FRAME = re.compile(r"\tat ([^\s(]+)\.([^\s(.]+)\((?:([^/()]*)/)?([^()]*)\)$")
#     - waiting to lock <0x0000000690…> (a java.lang.Object)     - locked <0x…> (a shop.Cart)
_LOCK = re.compile(
    r"\t- (waiting to lock|waiting to re-lock in wait\(\)|parking to wait for|waiting on|locked) +"
    r"<(0x[0-9a-f]+|no )[^>]*>"
    r"(?: \(a (.*)\))?"
)
#     - <0x0000000690…> (a java.util.concurrent.locks.ReentrantLock$NonfairSync)
_OWNED = re.compile(r"\t- <(0x[0-9a-f]+)> \(a (.*)\)$")
_DEADLOCK = re.compile(r"Found (?:one|a) Java-level deadlock")
_IN_DEADLOCK = re.compile(r'"(.*)":$')
_MOST_THREADS = 10_000
_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class JavaPlace:
    class_name: str
    method: str
    module: str | None
    file: str | None
    line: int


@dataclass(slots=True)
class JavaThread:
    """``tid`` as the machine numbers it. ``waits_for`` is the address and the class of what it waits to lock, or parks
    for; ``holds`` what it has locked."""

    name: str
    tid: int
    doing: str
    state: str = ""
    places: list[JavaPlace] = field(default_factory=list)
    cut: int = 0
    waits_for: tuple[int, str] | None = None
    waits_on: tuple[int, str] | None = None
    holds: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class ThreadDump:
    """``deadlocks``: the names of the threads of each."""

    threads: list[JavaThread] = field(default_factory=list)
    deadlocks: list[list[str]] = field(default_factory=list)
    not_understood: int = 0


def parse(text: str) -> ThreadDump:
    """Never fails: frames that are not understood are counted."""
    dump = ThreadDump()
    thread: JavaThread | None = None
    in_deadlock = False
    for line in text.splitlines():
        if _DEADLOCK.match(line):
            in_deadlock, thread = True, None
            dump.deadlocks.append([])
        elif in_deadlock:
            if line.startswith("Java stack information"):
                in_deadlock = False
                break
            if named := _IN_DEADLOCK.match(line):
                dump.deadlocks[-1].append(named[1])
        elif line.startswith('"'):
            found = _THREAD.match(line)
            thread = None
            if found is None:
                dump.not_understood += 1
            elif len(dump.threads) < _MOST_THREADS:
                thread = JavaThread(found[1], int(found[2], 0), found[3])
                dump.threads.append(thread)
        elif thread is not None and line.startswith(("\t", "   java.lang.Thread.State")):
            _inside(dump, thread, line)
    return dump


def _inside(dump: ThreadDump, thread: JavaThread, line: str) -> None:
    if line.startswith("\tat "):
        found = _FRAME.match(line)
        if found is None:
            dump.not_understood += 1
        elif len(thread.places) >= _DEEPEST:
            thread.cut += 1
        else:
            file, _, number = found[4].rpartition(":")
            known = file if number.isdecimal() else None
            module = found[3].partition("@")[0] if found[3] else None
            line_number = int(number[:9]) if known else 0
            thread.places.append(JavaPlace(found[1], found[2], module, known, line_number))
    elif found := _LOCK.match(line):
        if not found[2].startswith("0x"):
            return
        address, what = int(found[2], 16), found[3] or ""
        if found[1] == "locked":
            if thread.waits_on is None or thread.waits_on[0] != address:  # Object.wait() lets go of it
                thread.holds[address] = what
        elif found[1] == "waiting on":
            thread.waits_on = address, what
        else:
            thread.waits_for = address, what
    elif found := _OWNED.match(line):
        thread.holds[int(found[1], 16)] = found[2]
    elif "java.lang.Thread.State:" in line:
        thread.state = line.split(":", 1)[1].strip()
