"""Python, C and Python again: after ``ready`` and ``go`` it works until it is told another word.

A C extension calls back, ``sorted`` calls a key function, ``re.sub`` a replacement; between them plain Python calls.
A task awaits three coroutines deep. Answers ``go`` with the lines by marker.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import sysconfig
import threading
import zlib
from pathlib import Path

DATA = bytes(range(256)) * 97


def build() -> None:
    source = Path(__file__).with_name("chain.c")
    output = Path.cwd() / "chain.so"
    include = sysconfig.get_path("include")
    # (as extensions are built: without frame pointers)
    command = ["cc", "-O2", "-g", "-fPIC", "-shared", "-fomit-frame-pointer", f"-I{include}", str(source)]
    subprocess.run([*command, "-o", str(output)], check=True)
    sys.path.insert(0, str(Path.cwd()))


build()
import chain  # noqa: E402


def spend():
    chain.burn(300_000)  # <- burn
    return 0


def key(item):
    return plain(item)  # <- key


def plain(item):
    return spend()  # <- plain


def order():
    return sorted([1], key=key)  # <- order


def called_back():
    return replace()  # <- called back


def replace():
    return re.sub("a", replacement, "a")  # <- replace


def replacement(match):
    order()  # <- replacement
    return "b"


def generate():
    yield chain.apply(called_back)  # <- apply


def deep(n):
    if n:
        return deep(n - 1)  # <- deeper
    return zlib.compress(DATA, 9)  # <- compress


async def outer():
    await middle()  # <- outer


async def middle():
    return await inner()  # <- middle


async def inner():
    await asyncio.sleep(0)
    chain.burn(200_000)  # <- inner


def work(loop):
    for _ in generate():  # <- generate
        pass
    deep(3)  # <- deep
    loop.run_until_complete(outer())  # <- loop


def in_thread(stopped):
    loop = asyncio.new_event_loop()
    while not stopped.is_set():
        work(loop)  # <- thread
    loop.close()


def main():
    print(f"ready {os.getpid()}", flush=True)
    for word in sys.stdin:
        if word.strip() != "go":
            break
        stopped = threading.Event()
        other = threading.Thread(target=in_thread, args=(stopped,))
        lines = Path(__file__).read_text().splitlines()
        marks = {line.rsplit("# <- ", 1)[1]: i for i, line in enumerate(lines, 1) if "  # <- " in line}
        other.start()
        print(json.dumps(marks), flush=True)
        sys.stdin.readline()
        stopped.set()
        other.join()
        print("{}", flush=True)


if __name__ == "__main__":
    main()
