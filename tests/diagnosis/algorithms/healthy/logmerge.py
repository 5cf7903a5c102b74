"""Merges the rotated logs of a fleet into one time-ordered stream."""
import gzip
import heapq
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path


def parse(line):
    stamp, _, rest = line.partition(" ")
    return datetime.fromisoformat(stamp), rest.rstrip("\n")  # <- hot 32


def entries(fh, host):
    pending = None
    for line in fh:  # <- hot 18
        if line[:1].isspace():
            if pending:
                pending[2].append(line.rstrip("\n"))
            continue
        if pending:
            yield pending
        stamp, text = parse(line)
        pending = (stamp, host, [text])
    if pending:
        yield pending


def opener(path):
    return gzip.open(path, "rt") if path.suffix == ".gz" else open(path)


def merge(paths, out):
    with ExitStack() as stack:
        streams = [
            entries(stack.enter_context(opener(p)), p.name.split(".")[0]) for p in paths
        ]
        written = 0
        for stamp, host, lines in heapq.merge(*streams, key=lambda e: e[0]):  # <- hot 27
            out.write(f"{stamp.isoformat()} [{host}] " + "\n    ".join(lines) + "\n")  # <- hot 16
            written += 1
    return written


def main(folder, target):
    paths = sorted(Path(folder).glob("*.log*"))
    with open(target, "w") as out:
        return merge(paths, out)
