"""Code whose own description is damaged while it runs, and code that is thrown away at once. The protocol is that of
known_counts.py; CPython 3.8 and newer.

``sound`` is left alone. The names of ``nameless`` lead nowhere, those of ``wild`` into the middle of something else, and
the line table of ``lineless`` says that it is 2 to the 40th bytes long. Then one function a file of its own: made, called
once, and freed.
"""

import ctypes
import gc
import json
import os
import sys

WORD = ctypes.sizeof(ctypes.c_void_p)


def sound(times):
    for _ in range(times):
        os.getppid()  # @sound


def nameless(times):
    for _ in range(times):
        os.getppid()  # @nameless


def wild(times):
    for _ in range(times):
        os.getppid()  # @wild


def lineless(times):
    # (equal line tables are one object)

    for _ in range(times):
        os.getppid()  # @lineless


def throw_away(times):
    for i in range(times):
        text = "\n" * (i % 97) + "def once(ask):\n    ask()\nonce(ask)\ndel once\n"
        exec(compile(text, "thrown_away_%d.py" % i, "exec"), {"ask": os.getppid})


def words_of(code, *wanted):
    """The addresses of the words of a code object that point to these."""
    at, end = id(code), id(code) + 200
    places = range(at + 2 * WORD, end, WORD)
    return [p for p in places if ctypes.c_size_t.from_address(p).value in [id(w) for w in wanted]]


def replace(code, wanted, value):
    places = words_of(code, *wanted)
    assert places, code
    for place in places:
        ctypes.c_size_t.from_address(place).value = value


def main():
    print("ready", os.getpid(), flush=True)
    if sys.stdin.readline().strip() != "go":
        return
    gc.disable()
    codes = {f.__name__: f.__code__ for f in (sound, nameless, wild, lineless)}
    names = {name: (c.co_name, c.co_filename, getattr(c, "co_qualname", c.co_name)) for name, c in codes.items()}
    replace(codes["nameless"], names["nameless"], 16)
    replace(codes["wild"], names["wild"], id(sys) + 3)
    size = 2 * WORD  # ob_size
    code = codes["lineless"]
    tables = [code.co_lnotab] if sys.version_info < (3, 10) else [code.co_linetable]
    (place,) = words_of(code, *tables) or [None]
    table = ctypes.c_size_t.from_address(place).value
    ctypes.c_size_t.from_address(table + size).value = 1 << 40
    sound(101)
    nameless(103)
    wild(107)
    lineless(109)
    throw_away(1009)
    with open(os.path.abspath(__file__), encoding="utf-8") as source:
        line = next(n for n, text in enumerate(source, 1) if text.rstrip().endswith("# @sound"))
    print(json.dumps({"sound": line}), flush=True)
    sys.stdin.readline()
    os._exit(0)


main()
