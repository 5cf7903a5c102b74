# bench: healthy
"""A studio for cyanotypes: the exposure tables leave scans in a folder, and every two seconds the studio takes what
has come, tones it, lays it out as a contact sheet, packs it and enters the sheet into the register.

A batch job that goes on: each scan is read once, as a whole; a sheet is written at once and flushed to the disk once,
with its line of the register; the newest five sheets are kept. Two threads share the toning, which zlib and hashlib do
without the interpreter's lock.

Measured: 140 scans and 0.45 s of CPU in a round, 0.22 cores, one fsync in two seconds.
"""

import hashlib
import json
import logging
import os
import random
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside  # noqa: E402

log = logging.getLogger("cyanotype_prints")

SCANS = 140  # in a round
WIDTH, HEIGHT = 512, 384
ROUND_SECONDS = 2.0
SHEETS_KEPT = 5
MAGIC = b"CYAN"


class BadScan(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Scan:
    name: str
    table: int
    dots: bytes

    @classmethod
    def read(cls, path):
        raw = path.read_bytes()
        if raw[:4] != MAGIC or len(raw) != 5 + WIDTH * HEIGHT:
            raise BadScan(f"{path.name}: {len(raw)} bytes")
        return cls(path.stem, raw[4], raw[5:])


@dataclass(frozen=True, slots=True)
class Print:
    name: str
    table: int
    digest: str
    thin: float
    packed: bytes


class Toner:
    """From the negative to Prussian blue: a curve for each table, whose lamps differ."""

    def __init__(self):
        self.curves = {table: self.curve(0.8 + table * 0.07) for table in range(8)}

    @staticmethod
    def curve(gamma):
        return bytes(round(255 * ((255 - dot) / 255) ** gamma) for dot in range(256))

    def tone(self, scan):
        blue = scan.dots.translate(self.curves[scan.table % 8])
        thin = sum(blue.count(bytes([dot])) for dot in range(200, 256, 4)) * 4 / len(blue)
        digest = hashlib.blake2b(blue, digest_size=16).hexdigest()
        return Print(scan.name, scan.table, digest, round(thin, 3), zlib.compress(blue, 6))


class Register:
    """The sheets there are; a line each, renewed as a whole, since there are few."""

    def __init__(self, folder):
        self.folder = folder
        self.sheets = []
        self.number = 0

    def enter(self, prints):
        self.number += 1
        path = self.folder / f"sheet-{self.number % (SHEETS_KEPT + 1)}.bin"
        with open(path, "wb") as out:
            out.write(b"".join(print_.packed for print_ in prints))
            out.flush()
            os.fsync(out.fileno())
        told = [{key: value for key, value in asdict(one).items() if key != "packed"} for one in prints]
        self.sheets.append({"sheet": self.number, "file": path.name, "prints": told})
        del self.sheets[:-SHEETS_KEPT]
        fresh = self.folder / "register.part"
        fresh.write_text(json.dumps(self.sheets))
        fresh.replace(self.folder / "register.json")


class Studio:
    def __init__(self, arriving, register, pool):
        self.arriving = arriving
        self.register = register
        self.pool = pool
        self.toner = Toner()
        self.spoilt = 0

    def waiting(self):
        with os.scandir(self.arriving) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.name.endswith(".scan"))

    def take(self, path):
        try:
            return self.toner.tone(Scan.read(path))
        except BadScan as error:
            log.warning("%s", error)
            return None
        finally:
            path.unlink()

    def round(self):
        begun = time.perf_counter()
        prints = [made for made in self.pool.map(self.take, self.waiting()) if made is not None]
        if prints:
            self.register.enter(prints)
        log.info("%d prints in %.3f s", len(prints), time.perf_counter() - begun)


def exposures(folder):
    rng = random.Random(6)
    base = bytes(128 + (x * x // 90 + y) % 60 for y in range(HEIGHT) for x in range(WIDTH))
    noise = [rng.randbytes(8192) for _ in range(SCANS)]
    due = time.monotonic()
    for number in range(1 << 40):
        grain = noise[number % SCANS]
        dots = base[: -len(grain) * 4] + grain * 4
        part = folder / f"e{number:08d}.part"
        part.write_bytes(MAGIC + bytes([number % 8]) + dots)
        part.rename(part.with_suffix(".scan"))
        due = max(due + ROUND_SECONDS / SCANS, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    arriving, sheets = Path("arriving"), Path("sheets")
    arriving.mkdir()
    sheets.mkdir()
    outside(lambda: exposures(arriving))
    with ThreadPoolExecutor(2, thread_name_prefix="toner") as pool:
        studio = Studio(arriving, Register(sheets), pool)
        due = time.monotonic()
        for turn in range(1 << 40):
            due = max(due + ROUND_SECONDS, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))
            studio.round()
            if turn == 2:
                print(f"ready {os.getpid()}", flush=True)


if __name__ == "__main__":
    main()
