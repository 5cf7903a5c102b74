# expect: pattern=repeated-query bench
"""Catalogue of a deduplicating back-up of vellum scans: takes the manifests that the back-up agents send (the digests of a
file's chunks), tells which chunks the store lacks, and records file and chunks in PostgreSQL.

Measured: problem: 31 to 60 ms for a manifest and 0.28 cores; repaired: 7 to 10 ms and 0.08 cores (18 manifests a second,
both).
"""

import hashlib
import os
import queue
import random
import sys
import threading
import time
from dataclasses import dataclass, field

import psycopg

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

CHUNKS_KNOWN = 40_000
CHUNKS_PER_FILE = 500
FILES_PER_SECOND = 18
NEW_SHARE = 0.02

SCHEMA = (
    "CREATE TABLE chunk (digest bytea PRIMARY KEY, id bigserial UNIQUE, pack int NOT NULL, size int NOT NULL)",
    "CREATE TABLE file (id bigserial PRIMARY KEY, agent text, path text, taken timestamptz DEFAULT now(), chunks bigint[])",
    "INSERT INTO chunk (digest, pack, size) SELECT sha256(('chunk ' || n)::bytea), n / 500, 16384 + n % 9000 "
    f"FROM generate_series(0, {CHUNKS_KNOWN - 1}) n",
    "ANALYZE chunk",
)


@dataclass
class Chunk:
    digest: bytes
    size: int


@dataclass
class Manifest:
    agent: str
    path: str
    chunks: list
    received: float = field(default_factory=time.monotonic)


class Catalogue:
    def __init__(self, port):
        self.connection = psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname=postgres")
        self.pack = CHUNKS_KNOWN // 500

    def known(self, chunks):
        """The ids of those chunks that are in the store, by digest."""
        found = {}
        with self.connection.cursor() as cursor:
            for chunk in chunks:  # <- cost
                cursor.execute("SELECT id, pack FROM chunk WHERE digest = %s", (chunk.digest,))  # <- cost
                row = cursor.fetchone()  # <- cost
                if row is not None:
                    found[chunk.digest] = row[0]
        return found

    def add_chunks(self, chunks):
        """Record new chunks in the pack that is open."""
        if not chunks:
            return {}
        digests = [chunk.digest for chunk in chunks]
        sizes = [chunk.size for chunk in chunks]
        rows = self.connection.execute(
            "INSERT INTO chunk (digest, pack, size) SELECT d, %s, s FROM unnest(%s::bytea[], %s::int[]) AS new (d, s) "
            "ON CONFLICT (digest) DO UPDATE SET size = excluded.size RETURNING digest, id",
            (self.pack, digests, sizes),
        ).fetchall()
        self.pack += 1
        return {digest: number for digest, number in rows}

    def add_file(self, manifest, ids):
        self.connection.execute(
            "INSERT INTO file (agent, path, chunks) VALUES (%s, %s, %s)",
            (manifest.agent, manifest.path, [ids[chunk.digest] for chunk in manifest.chunks]),
        )

    def take(self, manifest):
        """The chunks of it that the agent has to send."""
        with self.connection.transaction():
            ids = self.known(manifest.chunks)  # <- cost
            missing = [chunk for chunk in manifest.chunks if chunk.digest not in ids]
            ids.update(self.add_chunks(missing))
            self.add_file(manifest, ids)
        return missing


def agents(manifests):
    """The back-up agents of three libraries; most of a scan is as it was last time."""
    draw = random.Random(5)
    due = time.monotonic()
    number = 0
    fresh = 0
    while True:
        chunks = {}
        while len(chunks) < CHUNKS_PER_FILE:
            if draw.random() < NEW_SHARE:
                fresh += 1
                name = f"fresh {fresh}"
            else:
                name = f"chunk {draw.randrange(CHUNKS_KNOWN)}"
            chunks[name] = Chunk(hashlib.sha256(name.encode()).digest(), draw.randrange(16_384, 25_000))
        number += 1
        agent = ("durham", "lindisfarne", "whitby")[number % 3]
        manifests.put(Manifest(agent, f"/scans/codex-{number % 400}/folio-{number}.tif", list(chunks.values())))
        due = max(due + 1 / FILES_PER_SECOND, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


def write_stats(took, missing):
    with open("stats.txt", "w") as out:
        out.write(f"files {len(took)} mean {sum(took) / len(took) * 1000:.1f} ms chunks to send {missing}\n")


def main():
    catalogue = Catalogue(services.postgres(*SCHEMA))
    manifests = queue.Queue(maxsize=20)
    threading.Thread(target=agents, args=(manifests,), name="agents", daemon=True).start()
    catalogue.take(manifests.get())
    print("ready", os.getpid(), flush=True)
    took = []
    missing = 0
    while True:
        manifest = manifests.get()
        missing += len(catalogue.take(manifest))
        took.append(time.monotonic() - manifest.received)
        if len(took) == 4 * FILES_PER_SECOND:
            write_stats(took, missing)
            took.clear()
            missing = 0


main()
