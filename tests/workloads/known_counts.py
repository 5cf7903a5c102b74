"""A program whose every system call is known beforehand: how often, from which line, with which bytes.

Protocol (stdin and stdout, one line each): it prints ``ready PID``, waits for ``go``, does its work once, prints one
JSON line of truth and waits for ``stop`` (or the end of stdin). Whoever attaches between ``ready`` and ``go`` sees all.

The truth is ``{"line": {"41": {"marker", "function", "process", "syscalls", "calls", "errors", "empty", "bytes",
"seconds"}}}``: line numbers are found through the ``# @marker`` comments of this file, never typed by hand.
``syscalls`` are the names that the call may have (the C library chooses); ``seconds`` is the least time that the calls
waited together. ``process`` is self, fork or exec. The counts are primes, so that no sum of others can pass for one.

Options: ``--exec-child`` also starts a second interpreter with counts of its own; ``--child-wait S`` gives a tracer
so long to find it. Runs on CPython 3.8 and newer, standard library only.
"""

import argparse
import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

STAT = ["newfstatat", "stat", "statx", "fstatat64", "stat64"]
LSTAT = [*STAT, "lstat", "lstat64"]
SLEEP = ["clock_nanosleep", "nanosleep", "select", "pselect6", "clock_nanosleep_time64"]
SEND = ["sendto", "send"]
RECV = ["recvfrom", "recv"]
WAIT = ["wait4", "waitpid", "waitid"]
NAP = 0.002


class Counts:
    """How often each marker was passed, kept while the work is done."""

    def __init__(self):
        self.of = {}
        self.child = None

    def note(self, marker, syscalls, calls, errors=0, empty=0, size=0, seconds=0.0, process="self"):
        self.of[marker] = {
            "marker": marker,
            "process": process,
            "syscalls": syscalls,
            "calls": calls,
            "errors": errors,
            "empty": empty,
            "bytes": size,
            "seconds": seconds,
        }


def plain_stat(path, times):
    for _ in range(times):
        os.stat(path)  # @stat


def missing(path, times):
    for _ in range(times):
        os.path.exists(path)  # @missing


def one_byte_reads(path, times):
    with open(path, "rb", buffering=0) as file:
        for _ in range(times):
            file.read(1)  # @read


def reads_at_the_end(path, times):
    fd = os.open(path, os.O_RDONLY)
    os.lseek(fd, 0, os.SEEK_END)
    for _ in range(times):
        os.read(fd, 4096)  # @end
    os.close(fd)


def preads(path, times):
    fd = os.open(path, os.O_RDONLY)
    for _ in range(times):
        os.pread(fd, 7, 0)  # @pread
    os.close(fd)


def writes(path, times):
    fd = os.open(path, os.O_WRONLY)
    for _ in range(times):
        os.write(fd, b"abc")  # @write
    os.close(fd)


def naps(times):
    for _ in range(times):
        time.sleep(NAP)  # @sleep


def talk(times):
    left, right = socket.socketpair()
    for _ in range(times):
        left.send(b"12345")  # @send
        right.recv(5)  # @recv
    left.close()
    right.close()


def deep(levels):
    if levels:
        return deep(levels - 1)
    return os.getppid()  # @deep


def lazily(path, times):
    for _ in range(times):
        yield os.lstat(path)  # @generator


class Shop:
    """A method, a closure and a comprehension: names that only a qualified name tells apart."""

    def method(self, path, times):
        for _ in range(times):
            os.access(path, os.F_OK)  # @method

    def closure(self, path):
        def inner():
            return os.stat(path)  # @closure

        return inner


def comprehension(path, times):
    return [os.stat(path) for _ in range(times)]  # @comprehension


async def coroutine(path, times):
    for _ in range(times):
        os.stat(path)  # @coroutine


async def outer_coroutine(path, times):
    await coroutine(path, times)


def in_thread(path, times):
    for _ in range(times):
        os.stat(path)  # @thread


def threads(path, each):
    workers = [threading.Thread(target=in_thread, args=(path, times), name="known") for times in each]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def in_fork(path, stats, pipe, writes_):
    for _ in range(stats):
        os.stat(path)  # @fork-stat
    for _ in range(writes_):
        os.write(pipe, b"x")  # @fork-write


def fork(path, stats, writes_):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        in_fork(path, stats, writing, writes_)
        os._exit(0)
    os.waitpid(child, 0)  # @wait
    os.close(reading)
    os.close(writing)


def in_exec(path, times):
    for _ in range(times):
        os.stat(path)  # @exec-stat


def start_child(path, times, wait):
    """Another interpreter runs this file: it is up, then left alone for ``wait`` seconds, then told to work. It stays, as
    its parent does, until the parent ends."""
    command = [sys.executable, os.path.abspath(__file__), "--as-child", path, str(times)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.readline()
    time.sleep(wait)
    child.stdin.write(b"go\n")
    child.stdin.flush()
    child.stdout.readline()
    return child


def be_child(path, times):
    sys.stdout.write("up\n")
    sys.stdout.flush()
    sys.stdin.readline()
    in_exec(path, times)
    sys.stdout.write("done\n")
    sys.stdout.flush()
    sys.stdin.readline()


def work(folder, counts, exec_child, child_wait):
    path = os.path.join(folder, "present")
    with open(path, "wb") as file:
        file.write(b"." * 211)
    absent = os.path.join(folder, "absent")

    plain_stat(path, 101)
    counts.note("stat", STAT, 101)
    missing(absent, 103)
    counts.note("missing", STAT, 103, errors=103)
    one_byte_reads(path, 107)
    counts.note("read", ["read"], 107, size=107)
    reads_at_the_end(path, 109)
    counts.note("end", ["read"], 109, empty=109)
    preads(path, 113)
    counts.note("pread", ["pread64", "pread"], 113, size=113 * 7)
    writes(path, 127)
    counts.note("write", ["write"], 127, size=127 * 3)
    naps(23)
    counts.note("sleep", SLEEP, 23, seconds=23 * NAP)
    talk(131)
    counts.note("send", SEND, 131, size=131 * 5)
    counts.note("recv", RECV, 131, size=131 * 5)
    for _ in range(137):
        deep(30)
    counts.note("deep", ["getppid"], 137)
    for _ in lazily(path, 139):
        pass
    counts.note("generator", LSTAT, 139)
    Shop().method(path, 149)
    counts.note("method", ["access", "faccessat", "faccessat2"], 149)
    again = Shop().closure(path)
    for _ in range(151):
        again()
    counts.note("closure", STAT, 151)
    comprehension(path, 157)
    counts.note("comprehension", STAT, 157)
    asyncio.run(outer_coroutine(path, 163))
    counts.note("coroutine", STAT, 163)
    fork(path, 167, 173)
    counts.note("fork-stat", STAT, 167, process="fork")
    counts.note("fork-write", ["write"], 173, size=173, process="fork")
    counts.note("wait", WAIT, 1)
    threads(path, (53, 59, 67))
    counts.note("thread", STAT, 53 + 59 + 67)
    if exec_child:
        counts.child = start_child(path, 181, child_wait)
        counts.note("exec-stat", STAT, 181, process="exec")


def truth(counts):
    """The counts keyed by line number; the function is the innermost ``def`` (and ``class``) around the marker."""
    lines, scope = {}, []
    with open(os.path.abspath(__file__), encoding="utf-8") as source:
        for number, text in enumerate(source, 1):
            opened = re.match(r"( *)(?:async )?(def|class) (\w+)", text)
            if opened:
                indent = len(opened.group(1))
                scope = [entry for entry in scope if entry[0] < indent] + [(indent, opened.group(2), opened.group(3))]
            marked = re.search(r"# @([\w-]+)$", text.rstrip())
            if marked and marked.group(1) in counts.of:
                lines[number] = dict(counts.of[marked.group(1)], function=qualified(scope))
    return {"line": lines}


def qualified(scope):
    name = ""
    for _, kind, own in scope:
        name += own + (".<locals>." if kind == "def" else ".")
    return name[: -len(".<locals>.")]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--exec-child", action="store_true")
    options.add_argument("--child-wait", type=float, default=0.5)
    options.add_argument("--as-child", nargs=2, metavar=("PATH", "TIMES"))
    chosen = options.parse_args()
    if chosen.as_child:
        be_child(chosen.as_child[0], int(chosen.as_child[1]))
        return
    counts = Counts()
    with tempfile.TemporaryDirectory() as folder:
        print("ready", os.getpid(), flush=True)
        if sys.stdin.readline().strip() != "go":
            return
        work(folder, counts, chosen.exec_child, chosen.child_wait)
        print(json.dumps(truth(counts)), flush=True)
        while sys.stdin.readline().strip() not in ("stop", ""):
            pass


if __name__ == "__main__":
    main()
