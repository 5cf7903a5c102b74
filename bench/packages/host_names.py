"""Registers host names as they come in from a form, and says which of them are new."""

import os

import idna

known = {}


def register(name):
    try:
        wire = idna.encode(name).decode()
    except idna.IDNAError as error:
        return str(error)[:40]
    known[wire] = known.get(wire, 0) + 1
    return wire


def names():
    for number in range(40):
        yield f"bücher-{number}.example"
        yield "\u0627" + "\u200c" * (600 + number) + "\u0627.example"


print("ready", os.getpid(), flush=True)
while True:
    for name in names():
        register(name)
