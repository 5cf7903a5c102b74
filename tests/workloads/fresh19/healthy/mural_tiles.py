# bench: healthy
# Archive of a mural's photographs: three scanners send raw tiles of 256 KiB over TCP; two threads check, compress and
# store them in a ring of files (zlib and SHA-256 work on the whole tile outside the interpreter lock), while
# conservators ask what is stored. Two computing threads, many blocks, about 17 % of a core for 75 tiles a second.
import hashlib
import json
import os
import queue
import random
import socket
import socketserver
import struct
import sys
import threading
import time
import zlib

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside

HEAD = struct.Struct("!IIII")
TILE = 256 * 1024
SLOTS = 120
SCANNERS = 3
TILES_A_SECOND = 25  # of each scanner


class Store:
    def __init__(self):
        self.guard = threading.Lock()
        self.known = {}
        self.volume = open("mural.volume", "w+b", buffering=0)
        self.index = open("mural.index", "a", buffering=16 * 1024)
        self.raw = self.packed = self.next_slot = 0

    def put(self, row, column, crc, tile):
        if zlib.crc32(tile) != crc:
            return False
        digest = hashlib.sha256(tile).hexdigest()
        packed = zlib.compress(tile, 6)
        with self.guard:
            slot = self.next_slot
            self.next_slot = (slot + 1) % SLOTS
            self.known[row, column] = (slot, len(packed), digest)
            self.raw += len(tile)
            self.packed += len(packed)
            self.index.write(f"{row} {column} {slot} {len(packed)} {digest}\n")
        os.pwrite(self.volume.fileno(), packed, slot * TILE)
        return True

    def summary(self):
        with self.guard:
            return {"tiles": len(self.known), "raw": self.raw, "ratio": round(self.packed / max(1, self.raw), 3)}

    def tile(self, row, column):
        with self.guard:
            slot, size, digest = self.known.get((row, column), (None, 0, None))
        return {"slot": slot, "size": size, "sha256": digest}


def packer(store, waiting):
    refused = 0
    while True:
        refused += not store.put(*waiting.get())


def intake(connection, waiting):
    with connection, connection.makefile("rb", 64 * 1024) as stream:
        while len(head := stream.read(HEAD.size)) == HEAD.size:
            row, column, size, crc = HEAD.unpack(head)
            waiting.put((row, column, crc, stream.read(size)))


class Conservator(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            words = line.split()
            said = (
                self.server.store.tile(int(words[1]), int(words[2]))
                if words[0] == b"tile"
                else self.server.store.summary()
            )
            self.wfile.write(json.dumps(said).encode() + b"\n")


class Desk(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


def scanner(port, number):
    dice = random.Random(number)
    grain = dice.randbytes(TILE)
    with socket.create_connection(("127.0.0.1", port)) as link:
        due = time.monotonic() + number * 0.03
        for serial in range(1 << 31):
            paint = bytes([dice.randrange(256)]) * 3000 + grain[dice.randrange(TILE // 2) :][:1400]
            tile = bytearray((paint * (TILE // len(paint) + 1))[:TILE])
            for _ in range(60):
                at = dice.randrange(TILE - 700)
                tile[at : at + 700] = grain[at : at + 700]
            time.sleep(max(0.0, due - time.monotonic()))
            link.sendall(HEAD.pack(number * 10 + serial // 40 % 10, serial % 40, len(tile), zlib.crc32(tile)))
            link.sendall(tile)
            due = max(due + 1 / TILES_A_SECOND, time.monotonic() - 0.2)


def conservator(port):
    with socket.create_connection(("127.0.0.1", port)) as link, link.makefile("rb") as answers:
        while True:
            link.sendall(random.choice((b"summary\n", b"tile %d %d\n" % (random.randrange(30), random.randrange(40)))))
            if not answers.readline():
                return
            time.sleep(0.1)


def main():
    store = Store()
    waiting = queue.Queue(8)
    server = socket.create_server(("127.0.0.1", 0))
    desk = Desk(("127.0.0.1", 0), Conservator)
    desk.store = store
    port, desk_port = server.getsockname()[1], desk.server_address[1]
    for number in range(SCANNERS):
        outside(lambda number=number: scanner(port, number))
    for _ in range(SCANNERS):
        threading.Thread(target=intake, args=(server.accept()[0], waiting), daemon=True).start()
    for _ in range(2):
        threading.Thread(target=packer, args=(store, waiting), daemon=True).start()
        outside(lambda: conservator(desk_port))
    print("ready", flush=True)
    desk.serve_forever()


if __name__ == "__main__":
    main()
