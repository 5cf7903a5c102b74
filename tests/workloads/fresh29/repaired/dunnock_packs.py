# expect: healthy bench
"""Scrubber of an object store with the songs of dunnocks: songs are cut into chunks, chunks lie in pack files. Song after
song it reads all chunks back, compares their checksums, and keeps a list of those that must be restored from the replica.

Measured: problem: 0.54 cores, busy for 62 % of the time; repaired: 0.16 cores, 15 % (44,000 chunks a second, both).
"""

import os
import random
import struct
import time
import zlib
from collections import namedtuple

PACKS = 12
CHUNKS_PER_PACK = 4000
SONGS = 900
CHUNKS_PER_SONG = 160
SONGS_PER_SECOND = 280

HEADER = struct.Struct(">4sIII")
MAGIC = b"DNCK"
Place = namedtuple("Place", "pack offset length")


class DamagedChunk(Exception):
    pass


def pack_path(pack):
    return os.path.join("packs", f"pack-{pack:04d}.bin")


def write_packs():
    """A store as the ingest leaves it; a few chunks have rotted. Returns the places of all chunks."""
    draw = random.Random(23)
    os.makedirs("packs", exist_ok=True)
    places = {}
    number = 0
    for pack in range(PACKS):
        with open(pack_path(pack), "wb") as out:
            for _ in range(CHUNKS_PER_PACK):
                body = draw.randbytes(draw.randrange(300, 900))
                crc = zlib.crc32(body) ^ (number % 9001 == 77)
                places[number] = Place(pack, out.tell(), HEADER.size + len(body))
                out.write(HEADER.pack(MAGIC, number, len(body), crc))
                out.write(body)
                number += 1
    return places


def write_songs(places):
    """Songs share chunks: a song is mostly in two packs, and has some of others."""
    draw = random.Random(29)
    songs = []
    for song in range(SONGS):
        homes = draw.sample(range(PACKS), 2)
        chunks = []
        for n in range(CHUNKS_PER_SONG):
            pack = draw.randrange(PACKS) if n % 16 == 0 else homes[n // 10 % 2]
            chunks.append(pack * CHUNKS_PER_PACK + draw.randrange(CHUNKS_PER_PACK))
        songs.append((f"song-{song:05d}", chunks))
    return songs


class PackStore:
    def __init__(self, places):
        self.places = places
        self.packs = {pack: os.open(pack_path(pack), os.O_RDONLY) for pack in {place.pack for place in places.values()}}

    def read_chunk(self, number):
        place = self.places[number]
        return self.check(number, os.pread(self.packs[place.pack], place.length, place.offset))

    def check(self, number, data):
        magic, told, length, crc = HEADER.unpack_from(data)
        body = data[HEADER.size :]
        if magic != MAGIC or told != number or length != len(body):
            raise DamagedChunk(number)
        if zlib.crc32(body) != crc:
            raise DamagedChunk(number)
        return body


class Scrubber:
    def __init__(self, store, songs):
        self.store = store
        self.songs = songs
        self.damaged = {}
        self.chunks = 0
        self.bytes = 0

    def scrub(self, name, chunks):
        for number in chunks:
            try:
                self.bytes += len(self.store.read_chunk(number))
            except DamagedChunk:
                self.damaged.setdefault(number, name)
            self.chunks += 1

    def report(self, seconds, busy):
        with open("stats.txt", "w") as out:
            out.write(
                f"chunks {self.chunks} in {seconds:.1f} s, busy {busy / seconds:.1%}, bytes {self.bytes}, "
                f"to restore {len(self.damaged)}\n"
            )
        self.chunks = self.bytes = 0

    def run(self):
        due = begun = time.monotonic()
        busy = 0.0
        position = 0
        while True:
            name, chunks = self.songs[position % len(self.songs)]
            position += 1
            started = time.perf_counter()
            self.scrub(name, chunks)
            busy += time.perf_counter() - started
            now = time.monotonic()
            if now - begun > 4:
                self.report(now - begun, busy)
                begun, busy = now, 0.0
            due = max(due + 1 / SONGS_PER_SECOND, now - 1)
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    places = write_packs()
    scrubber = Scrubber(PackStore(places), write_songs(places))
    print("ready", os.getpid(), flush=True)
    scrubber.run()


main()
