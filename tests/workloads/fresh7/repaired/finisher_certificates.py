# expect: healthy bench
"""Draws the certificates of a city run: finishers come out of the timing database wave by wave, and a few workers draw
them. A worker is renewed after some sheets, as what it draws leaves holes in its memory.

Measured: a worker takes 0.41 s of CPU to start (0.06 s in the twin), and then 0.33 s for the two sheets that it draws.
"""

import logging
import math
import multiprocessing
import os
import random
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SHEET, SHEETS_OF_WORKER, PER_SECOND = 10, 2, 3
RESULT = {
    "type": "object",
    "required": ["bib", "name", "club", "seconds", "place"],
    "properties": {
        "bib": {"type": "integer", "minimum": 1},
        "name": {"type": "string", "maxLength": 60},
        "club": {"type": ["string", "null"]},
        "seconds": {"type": "number", "exclusiveMinimum": 0},
        "place": {"type": "integer", "minimum": 1},
    },
}


@dataclass(frozen=True, slots=True)
class Finisher:
    bib: int
    name: str
    club: str | None
    seconds: float
    place: int


class Results:
    """The timing database."""

    def __init__(self, path: Path, size: int) -> None:
        import jsonschema  # (here and not above: the workers load this file as well)
        import sqlalchemy

        self._engine = sqlalchemy.create_engine(f"sqlite:///{path}")
        self._check = jsonschema.Draft202012Validator(RESULT)
        self._wave = sqlalchemy.text(
            "SELECT bib, name, club, seconds, place FROM results WHERE place > :after ORDER BY place LIMIT :most"
        )
        dice = random.Random(size)
        columns = "bib INTEGER, name TEXT, club TEXT, seconds REAL, place INTEGER PRIMARY KEY"
        with self._engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE IF EXISTS results")
            connection.exec_driver_sql(f"CREATE TABLE results ({columns})")
            rows = [
                (dice.randint(1, 9999), f"Runner {place}", dice.choice((None, "Lions")), 1900 + place * 0.7, place)
                for place in range(1, size + 1)
            ]
            connection.exec_driver_sql("INSERT INTO results VALUES (?, ?, ?, ?, ?)", rows)

    def waves(self, most: int) -> Iterator[list[Finisher]]:
        """Finishers in the order of their places, for ever from the first again."""
        after = 0
        while True:
            with self._engine.connect() as connection:
                rows = connection.execute(self._wave, {"after": after, "most": most}).mappings().all()
            if wave := [Finisher(**row) for row in rows if self._check.is_valid(dict(row))]:
                yield wave
            after = rows[-1]["place"] if rows else 0


def rosette(finisher: Finisher, points: int = 900) -> str:
    """The fine lines that make a certificate hard to copy; their shape follows from the number."""
    waves, depth = 5 + finisher.bib % 7, 0.3 + finisher.place % 11 / 40
    turns = []
    for at in range(points):
        angle = 2 * math.pi * at / points
        radius = 60 * (1 + depth * math.sin(waves * angle) * math.cos(2 * angle))
        turns.append(f"{200 + radius * math.cos(angle):.2f} {300 + radius * math.sin(angle):.2f} l")
    return "\n".join(turns)


def certificate(finisher: Finisher) -> bytes:
    hours, rest = divmod(int(finisher.seconds), 3600)
    words = [finisher.name, finisher.club or "", f"{hours}:{rest // 60:02d}:{rest % 60:02d}", f"place {finisher.place}"]
    text = "".join(f"BT /F1 24 Tf 80 {640 - row * 40} Td ({line}) Tj ET\n" for row, line in enumerate(words))
    rings = "\n".join(rosette(finisher, 500 + 200 * ring) for ring in range(5))
    return zlib.compress(f"{text}\n{rings}".encode(), 9)


def draw(sheet: int, wave: list[Finisher]) -> int:
    """A sheet of certificates, as one file; its size."""
    drawn = b"".join(certificate(finisher) for finisher in wave)
    Path(f"sheets/{sheet % 40:02d}.bin").write_bytes(drawn)
    return len(drawn)


class Office:
    """Hands the waves to the workers, and counts what they have drawn."""

    def __init__(self) -> None:
        import prometheus_client

        registry = prometheus_client.CollectorRegistry()
        self._drawn = prometheus_client.Counter("certificates", "Certificates drawn", registry=registry)
        self._size = prometheus_client.Counter("certificate_bytes", "Bytes of them", registry=registry)
        self._registry = registry
        self._room = threading.BoundedSemaphore(8)  # sheets that may wait to be drawn
        spawning = multiprocessing.get_context("spawn")  # one that is forked would share the database's connections
        self._pool = spawning.Pool(2, maxtasksperchild=SHEETS_OF_WORKER)

    def show(self) -> None:
        """For the node exporter, which collects it."""
        from prometheus_client import write_to_textfile

        write_to_textfile("certificates.prom", self._registry)

    def note(self, size: int) -> None:
        self._drawn.inc(SHEET)
        self._size.inc(size)
        self._room.release()

    def complain(self, error: BaseException) -> None:
        logging.error("%r", error)
        self._room.release()

    def take(self, sheet: int, wave: list[Finisher]) -> None:
        self._room.acquire()
        self._pool.apply_async(draw, (sheet, wave), callback=self.note, error_callback=self.complain)


def main() -> None:
    logging.basicConfig(filename="certificates.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
    Path("sheets").mkdir(exist_ok=True)
    results, office = Results(Path("results.db"), size=6000), Office()
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    for sheet, wave in enumerate(results.waves(SHEET)):
        office.take(sheet, wave)
        if sheet % 15 == 0:
            office.show()
            logging.info("%d sheets handed out", sheet)
        due = max(due + 1 / PER_SECOND, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
