# expect: healthy bench
"""The signal box of a model railway club's layout: detectors report over the network when a train enters or leaves a
block, the box keeps the occupancy, sets routes around what is taken, and writes the evening's log.
Measured: 5000 reports a second, 0.05 ms each.
"""

import os
import random
import socket
import sys
import threading
import time
from collections import Counter, OrderedDict, deque
from pathlib import Path
from queue import Queue

sys.path.append(str(Path(__file__).parents[2]))
import services

ROWS, COLUMNS = 10, 16  # blocks of the layout
TRAINS = 24
RATE = 5000  # reports a second


class Layout:
    """The blocks and which of them meet."""

    def __init__(self, seed):
        chance = random.Random(seed)
        self.next_to = {block: [] for block in range(ROWS * COLUMNS)}
        for block in self.next_to:
            row, column = divmod(block, COLUMNS)
            if column + 1 < COLUMNS:
                self._join(block, block + 1)
            if row + 1 < ROWS and chance.random() < 0.6:
                self._join(block, block + COLUMNS)

    def _join(self, one, other):
        self.next_to[one].append(other)
        self.next_to[other].append(one)

    def route(self, start, goal, taken):
        """The shortest way around the blocks that are taken, or none."""
        came = {start: None}
        waiting = deque((start,))
        while waiting:
            here = waiting.popleft()
            if here == goal:
                break
            for block in self.next_to[here]:
                if block not in came and block not in taken:
                    came[block] = here
                    waiting.append(block)
        else:
            return None
        way = [goal]
        while came[way[-1]] is not None:
            way.append(came[way[-1]])
        return way[::-1]


class Recent:
    """The last known free ways, the oldest forgotten first."""

    def __init__(self, size):
        self._size = size
        self._ways = OrderedDict()

    def find(self, key, taken):
        way = self._ways.get(key)
        if way is None or not taken.isdisjoint(way[1:]):
            return None
        self._ways.move_to_end(key)
        return way

    def keep(self, key, way):
        self._ways[key] = way
        if len(self._ways) > self._size:
            self._ways.popitem(last=False)


class Box:
    def __init__(self, layout, log):
        self._layout, self._log = layout, log
        self._recent = Recent(200)
        self._lock = threading.Lock()
        self._where = {}
        self._page = []
        self.counts = Counter()

    def report(self, line):
        """Take a detector's word: train, block, and where the train is bound for."""
        train, block, goal = map(int, line.split())
        with self._lock:
            self._where[train] = block
            taken = {at for other, at in self._where.items() if other != train}
        way = self._recent.find((block, goal), taken)
        kind = "kept"
        if way is None:
            way = self._layout.route(block, goal, taken)
            kind = "set" if way else "held"
            if way:
                self._recent.keep((block, goal), way)
        self.counts[kind] += 1
        self._page.append(f"{train:3} in {block:3} for {goal:3}: {kind}, {len(way or ())} blocks\n")
        if len(self._page) >= 300:
            self._log.put("".join(self._page))
            self._page.clear()

    def diagram(self):
        """The layout for the operators' screen."""
        with self._lock:
            where = {block: train for train, block in self._where.items()}
        rows = (range(row * COLUMNS, (row + 1) * COLUMNS) for row in range(ROWS))
        return "\n".join(" ".join(f"{where.get(block, '..'):>3}" for block in row) for row in rows)


def write_log(pages, path):
    """Write the pages as they come; only so many are kept, then the oldest are written over."""
    with path.open("w", buffering=1 << 16) as log:
        while True:
            for _ in range(400):
                log.write(pages.get())
                log.flush()
            log.seek(0)


def detectors(port):
    """Stands for the layout: trains go from block to block."""
    chance = random.Random(17)
    at = [chance.randrange(ROWS * COLUMNS) for _ in range(TRAINS)]
    goals = [chance.randrange(ROWS * COLUMNS) for _ in range(TRAINS)]
    due = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as line:
        while True:
            words = []
            for _ in range(60):
                train = chance.randrange(TRAINS)
                at[train] = (at[train] + chance.choice((1, -1, COLUMNS, -COLUMNS))) % (ROWS * COLUMNS)
                if chance.random() < 0.1:
                    goals[train] = chance.randrange(ROWS * COLUMNS)
                words.append(f"{train} {at[train]} {goals[train]}\n")
            line.sendall("".join(words).encode())
            due += len(words) / RATE
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    services.outside(lambda: detectors(listener.getsockname()[1]))
    log = Queue()
    threading.Thread(target=write_log, args=(log, Path("evening.log")), daemon=True).start()
    box = Box(Layout(2), log)
    line, _ = listener.accept()

    def listen():
        with line.makefile("r", encoding="ascii") as reports:
            for report in reports:
                box.report(report)

    threading.Thread(target=listen, daemon=True).start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(1)
        print(box.diagram(), dict(box.counts), sep="\n", file=sys.stderr)


if __name__ == "__main__":
    main()
