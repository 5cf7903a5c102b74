# expect: healthy bench
"""The mail gateway of a network of beachcombers: mails to a room become messages in it.

The mail server hands over each mail as one line (quoted-printable, so without line breaks) on a kept connection, and
gets an answer. A stream: mails are parsed as they come, and stored a batch at a time by a thread of the database.
"""

import asyncio
import logging
import os
import quopri
import re
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

log = logging.getLogger("gateway")

LINES = 8
PAUSE = 0.006
FLUSH_SECONDS = 0.5
WAITING = 4000
KEPT = 20000

QUOTED = re.compile(r"^(?:>.*|On .{5,80} wrote:)$", re.MULTILINE)
SIGNATURE = re.compile(r"^-- $.*", re.MULTILINE | re.DOTALL)
ADDRESS = re.compile(r"^([a-z]{2,30})\+([0-9a-f]{8})@rooms\.flotsam\.example$")


class Refused(Exception):
    pass


def parse(line):
    """``DELIVER sender recipient text`` as (room, thread, sender, text)."""
    words = line.rstrip(b"\r\n").split(b" ", 3)
    if len(words) != 4 or words[0] != b"DELIVER":
        raise Refused("500 what?")
    sender, recipient = words[1].decode("ascii", "replace"), words[2].decode("ascii", "replace")
    address = ADDRESS.match(recipient)
    if address is None:
        raise Refused("550 no such room")
    text = quopri.decodestring(words[3], header=False).decode("utf-8", "replace")
    text = QUOTED.sub("", SIGNATURE.sub("", text)).strip()
    if not text:
        raise Refused("554 nothing in it")
    return address[1], address[2], sender, text


class Store:
    """The messages, in SQLite; one thread writes them."""

    def __init__(self, path):
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self.path = path
        self.waiting = []
        self.database = None

    def _open(self):
        self.database = sqlite3.connect(self.path, isolation_level=None)
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute("PRAGMA synchronous = NORMAL")
        self.database.execute(
            "CREATE TABLE messages (id INTEGER PRIMARY KEY, room TEXT NOT NULL, thread TEXT NOT NULL,"
            " sender TEXT NOT NULL, text TEXT NOT NULL, at REAL NOT NULL)"
        )

    async def open(self):
        await asyncio.get_running_loop().run_in_executor(self.thread, self._open)

    def add(self, message):
        if len(self.waiting) >= WAITING:
            raise Refused("451 later, please")
        self.waiting.append((*message, time.time()))

    def _write(self, batch):
        self.database.execute("BEGIN")
        self.database.executemany("INSERT INTO messages (room, thread, sender, text, at) VALUES (?, ?, ?, ?, ?)", batch)
        self.database.execute("DELETE FROM messages WHERE id <= (SELECT max(id) FROM messages) - ?", (KEPT,))
        self.database.execute("COMMIT")

    async def flush_for_ever(self):
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            if self.waiting:
                batch, self.waiting = self.waiting, []
                await loop.run_in_executor(self.thread, self._write, batch)


async def serve_line(reader, writer, store):
    try:
        while line := await reader.readline():
            try:
                store.add(parse(line))
                writer.write(b"250 taken\n\n")
            except Refused as why:
                writer.write(f"{why}\n\n".encode())
            await writer.drain()
    except (ConnectionError, ValueError) as error:
        log.info("a line ended: %s", error)
    finally:
        writer.close()


def make_mails():
    rooms = ("driftwood", "seaglass", "bottles", "anchors")
    mails = []
    for number in range(40):
        text = (
            f"Found number {number} at low tide this morning: caf=C3=A9 cup, half a buoy and a boot."
            f"=0AThe wind was north-west, {number % 9} Beaufort.=0AWho has the other boot?"
            "=0AOn Sunday evening the harbour master wrote:=0A> please take no ropes=0A> from the jetty"
            "=0A-- =0ASent from the strand=0A"
        )
        room = rooms[number % 4] if number % 20 else "???"
        mails.append(f"DELIVER comber{number}@tide.example {room}+{number * 40503:08x}@rooms.flotsam.example {text}")
    return mails


async def main(port):
    store = Store("messages.db")
    await store.open()
    server = await asyncio.start_server(lambda r, w: serve_line(r, w, store), "127.0.0.1", port, limit=1 << 17)
    mails = make_mails()
    services.outside(lambda: clients.ask_lines(port, mails, LINES, PAUSE))
    flusher = asyncio.create_task(store.flush_for_ever())
    await asyncio.sleep(1)
    print("ready", os.getpid(), flush=True)
    async with server:
        await asyncio.gather(server.serve_forever(), flusher)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(services.free_port()))
