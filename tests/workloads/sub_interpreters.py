"""Code in a second interpreter of the process: run by a thread that did not make it while the main one works beside it,
then by the main thread itself. The protocol and the truth are those of known_counts.py; CPython 3.8 and newer.

The interpreter is there before "ready"; with ``--late`` it is made after "go".
"""

import json
import os
import re
import sys
import tempfile
import threading
import time

STAT = ["newfstatat", "stat", "statx", "fstatat64", "stat64"]


def beside(path, times):
    for _ in range(times):
        os.stat(path)  # @beside
        time.sleep(0.0005)


def in_the_other(path, times):
    for _ in range(times):
        os.stat(path)  # @other
        time.sleep(0.0007)


def nested(path, times):
    for _ in range(times):
        os.stat(path)  # @nested


def alone(path, times):
    for _ in range(times):
        os.stat(path)  # @alone


def text(function, path, times):
    here = os.path.dirname(os.path.abspath(__file__))
    return "import sys; sys.path.insert(0, %r); import sub_interpreters as it; it.%s(%r, %d)" % (
        here,
        function,
        path,
        times,
    )


def run_in(interpreters, which, function, path, times):
    interpreters.run_string(which, text(function, path, times))  # @run


def main():
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters
    which = None if "--late" in sys.argv else interpreters.create()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "present")
        with open(path, "wb"):
            pass
        print("ready", os.getpid(), flush=True)
        if sys.stdin.readline().strip() != "go":
            return
        alone(path, 197)
        if which is None:
            which = interpreters.create()
        thread = threading.Thread(target=run_in, args=(interpreters, which, "in_the_other", path, 103))
        thread.start()
        beside(path, 211)
        thread.join()
        run_in(interpreters, which, "nested", path, 107)
        done = {"beside": 211, "other": 103, "nested": 107, "alone": 197}
        lines, function = {}, ""
        with open(os.path.abspath(__file__), encoding="utf-8") as source:
            for number, words in enumerate(source, 1):
                function = (re.findall(r"^def (\w+)", words) or [function])[0]
                for marker in re.findall(r"# @(\w+)$", words.rstrip()):
                    lines[number] = {
                        "marker": marker,
                        "function": function,
                        "process": "self",
                        "syscalls": STAT,
                        "calls": done.get(marker, 0),
                        "errors": 0,
                        "empty": 0,
                        "bytes": 0,
                        "seconds": 0.0,
                    }
        print(json.dumps({"line": lines}), flush=True)
        sys.stdin.readline()
        os._exit(0)


if __name__ == "__main__":
    main()
