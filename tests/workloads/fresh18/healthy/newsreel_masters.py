# bench: healthy
# A film archive: scanned blocks of newsreels are hashed and packed by a pool of threads (hashlib and zlib work without
# the interpreter's lock) and written in large pieces; cutting rooms are waited for by long polls, most of the time.
# Measured: 24 blocks of 384 KiB a second, 18 % of a core, nearly all in zlib and hashlib without the lock.
import hashlib
import json
import os
import queue
import random
import sys
import threading
import time
import zlib

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import requests

from services import http_service

BLOCK = 384 * 1024
PACKERS = 2
BLOCKS_A_SECOND = 24
BLOCKS_A_FILE = 100


def film_stock():
    """Something like scanned film: grain over slowly changing grey, enough of it to cut any block from."""
    rng = random.Random(1936)
    lines = []
    for line in range(3000):
        grey = 60 + line // 24
        grain = rng.randbytes(1920)
        lines.append(bytes((grey + (byte & 7)) & 0xFF for byte in grain))
    return b"".join(lines)


class Master:
    """The files that packed blocks are written to; a new one every BLOCKS_A_FILE blocks, the last three are kept."""

    def __init__(self, folder):
        self.folder = folder
        self.number = 0
        self.blocks = 0
        self.index = []
        self.file = self._open()

    def _name(self, number):
        return os.path.join(self.folder, f"master-{number:06d}.reel")

    def _open(self):
        return open(self._name(self.number), "wb", buffering=1 << 20)

    def append(self, digest, packed):
        self.index.append((digest, self.file.tell(), len(packed)))
        self.file.write(packed)
        self.blocks += 1
        if self.blocks == BLOCKS_A_FILE:
            self.file.close()
            with open(self._name(self.number) + ".json", "w") as index:
                json.dump(self.index, index)
            old = self._name(self.number - 3)
            for name in (old, old + ".json"):
                if os.path.exists(name):
                    os.unlink(name)
            self.number += 1
            self.blocks = 0
            self.index = []
            self.file = self._open()


class Archive:
    def __init__(self, folder):
        self.scanned = queue.Queue(maxsize=8)
        self.packed = queue.Queue(maxsize=8)
        self.master = Master(folder)
        self.lock = threading.Lock()
        self.done = 0
        self.bytes_out = 0
        self.notes = 0

    def scan(self):
        stock = film_stock()
        rng = random.Random(7)
        due = time.monotonic()
        number = 0
        while True:
            start = rng.randrange(len(stock) - BLOCK)
            self.scanned.put((number, stock[start : start + BLOCK]))
            number += 1
            due += 1 / BLOCKS_A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))

    def pack(self):
        while True:
            number, block = self.scanned.get()
            digest = hashlib.sha256(block).hexdigest()
            self.packed.put((digest, zlib.compress(block, 2)))

    def write(self):
        while True:
            digest, packed = self.packed.get()
            self.master.append(digest, packed)
            with self.lock:
                self.done += 1
                self.bytes_out += len(packed)

    def cutting_room(self, base, room):
        """Takes the notes of one cutting room: the answer comes when there is one, or after some seconds."""
        with requests.Session() as session:
            since = 0
            while True:
                answer = session.get(f"{base}/rooms/{room}/notes?since={since}&wait=4", timeout=30)
                for note in answer.json()["notes"]:
                    since = max(since, note["number"])
                    with self.lock:
                        self.notes += 1


def room_answer(path):
    time.sleep(random.uniform(2.5, 4))
    notes = [{"number": int(time.time() * 1000), "reel": random.randrange(900)}] if random.random() < 0.3 else []
    return json.dumps({"notes": notes}).encode()


def main():
    rooms = f"http://127.0.0.1:{http_service(room_answer)}"
    archive = Archive(os.getcwd())
    work = [(archive.scan, ()), (archive.write, ())]
    work += [(archive.pack, ())] * PACKERS
    work += [(archive.cutting_room, (rooms, room)) for room in range(5)]
    for target, words in work:
        threading.Thread(target=target, args=words, daemon=True).start()
    while archive.done < 10:
        time.sleep(0.2)
    print("ready", flush=True)
    while True:
        done, out, cpu = archive.done, archive.bytes_out, time.process_time()
        time.sleep(4)
        done, out, cpu = archive.done - done, archive.bytes_out - out, time.process_time() - cpu
        print(
            f"{done / 4:.1f} blocks a second, packed to {out / max(1, done * BLOCK):.0%}, CPU {cpu / 4:.0%},"
            f" {archive.notes} notes",
            file=sys.stderr,
            flush=True,
        )


if __name__ == "__main__":
    main()
