# expect: pattern=sync-write bench
"""The broker behind the beepers of forest rangers.

Dispatch centres send pages over trunks (TCP, one JSON object a line, many without waiting for the answers). A page is
acknowledged once it is in the journal on disk; from then on it is the broker's. The pages of each beeper wait in memory
for its next contact, the newest eight of them.

Measured: a burst of 45 pages is acknowledged after 10-12 ms (far later when the disk is busy), CPU 0.15 cores, as a
problem; after 1.3 ms, CPU 0.03 cores, as a twin.
"""

import json
import os
import queue
import random
import socket
import sys
import threading
import time
from collections import defaultdict, deque

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services

TRUNKS = 3
BURST = 45
EVERY = 0.1
JOURNAL_BYTES = 32 << 20
PER_BEEPER = 8

arrived = queue.Queue(maxsize=2000)


class Journal:
    """Pages on disk, in two files that take turns."""

    def __init__(self):
        self.turn = 0
        self.sequence = 0
        self.open()

    def open(self):
        self.file = open(f"pages.{self.turn % 2}.journal", "wb")

    def append(self, page):
        if self.file.tell() > JOURNAL_BYTES:
            self.sync()
            self.file.close()
            self.turn += 1
            self.open()
        self.sequence += 1
        record = f"{self.sequence}\t{page['beeper']}\t{page['urgent']:d}\t{page['text']}\n"
        self.file.write(record.encode())
        return self.sequence

    def sync(self):
        self.file.flush()
        os.fsync(self.file.fileno())  # <- cost


class Broker:
    def __init__(self):
        self.journal = Journal()
        self.waiting = defaultdict(lambda: deque(maxlen=PER_BEEPER))

    def accept(self):
        """Takes what the trunks brought."""
        while True:  # <- cost
            trunk, page = arrived.get()
            sequence = self.journal.append(page)
            self.journal.sync()  # <- cost
            self.waiting[page["beeper"]].append((sequence, page["text"]))
            trunk.acknowledge(f"{page['id']} {sequence}\n")


class Trunk:
    def __init__(self, connection):
        self.connection = connection

    def receive(self):
        with self.connection, self.connection.makefile("rb") as lines:
            for line in lines:
                try:
                    page = json.loads(line)
                    page["text"] = page["text"].replace("\n", " ").replace("\t", " ")[:160]
                    page["urgent"] = bool(page.get("urgent"))
                    page["beeper"] = int(page["beeper"])
                except (ValueError, KeyError, TypeError):
                    self.acknowledge("bad page\n")
                    continue
                arrived.put((self, page))

    def acknowledge(self, text):
        try:
            self.connection.sendall(text.encode())
        except OSError:
            pass  # the centre sends what was not acknowledged again when it is back


def centre(port, number):
    """A dispatch centre: a burst of pages, the acknowledgements of all, a pause."""
    random.seed(number)
    with socket.create_connection(("127.0.0.1", port)) as trunk, trunk.makefile("rb") as answers:
        trunk.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        due = time.monotonic() + number * EVERY / TRUNKS
        for burst in range(1 << 40):
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + EVERY, time.monotonic() - 1)
            pages = [
                {
                    "id": f"{number}-{burst}-{n}",
                    "beeper": random.randrange(400),
                    "urgent": n % 7 == 0,
                    "text": f"smoke seen at grid {random.randrange(10000):04d}, tower {n}, call the district office",
                }
                for n in range(BURST)
            ]
            trunk.sendall(b"".join(json.dumps(page).encode() + b"\n" for page in pages))
            for _ in pages:
                answers.readline()


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    for number in range(TRUNKS):
        services.outside(lambda number=number: centre(port, number))
    broker = Broker()
    threading.Thread(target=broker.accept, name="journal", daemon=True).start()
    for count in range(1, 1 << 40):
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=Trunk(connection).receive, name="trunk", daemon=True).start()
        if count == TRUNKS:
            print("ready", os.getpid(), flush=True)


if __name__ == "__main__":
    main()
