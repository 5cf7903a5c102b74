# bench: healthy
# A bench scanner for oak galls: slices of galls (grey pictures) come over a socket in bursts, as many as a tray holds;
# they wait in a short queue, two threads measure them with numpy (wall, chamber, larvae by brightness), and a register
# is written once a second. The threads sleep when no tray is in.
#
# Measured: 20 % of a core, 64 slices a second in four bursts, 49 MiB.
import csv
import gc
import os
import queue
import socket
import struct
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass

import numpy as np

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

SIDE = 512
TRAY = 16
TRAYS_A_SECOND = 4.0
HEAD = struct.Struct(">IHHf")
WASPS = ("marble", "knopper", "artichoke", "spangle", "cherry", "apple")


@dataclass(frozen=True, slots=True)
class Slice:
    tray: int
    place: int
    wasp: str
    millimetres: float
    grey: np.ndarray


@dataclass(frozen=True, slots=True)
class Measures:
    tray: int
    place: int
    wasp: str
    wall: float
    chamber: float
    larvae: int
    tannin: float


class Tray:
    """Reads slices off the scanner's line."""

    def __init__(self, line: socket.socket):
        self.stream = line.makefile("rb", buffering=1 << 18)

    def __iter__(self):
        while head := self.stream.read(HEAD.size):
            tray, place, wasp, millimetres = HEAD.unpack(head)
            picture = self.stream.read(SIDE * SIDE)
            if len(picture) < SIDE * SIDE:
                raise EOFError("the scanner stopped within a slice")
            grey = np.frombuffer(picture, dtype=np.uint8).reshape(SIDE, SIDE)
            yield Slice(tray, place, WASPS[wasp % len(WASPS)], millimetres, grey)


class Lens:
    """Measures slices, in arrays that are made once."""

    def __init__(self):
        inner = SIDE - 5
        self.columns = np.empty((SIDE, SIDE), np.int32)
        self.sums = np.empty((SIDE, SIDE), np.int32)
        self.soft = np.empty((inner, inner), np.int32)
        self.mask = np.empty((inner, inner), bool)
        self.edge = np.empty((inner, inner - 1), bool)

    def smooth(self, grey: np.ndarray) -> np.ndarray:
        """The mean of 5 x 5, by sums along both sides."""
        np.cumsum(grey, axis=0, dtype=np.int32, out=self.columns)
        sums = np.cumsum(self.columns, axis=1, out=self.sums)
        soft = np.subtract(sums[5:, 5:], sums[:-5, 5:], out=self.soft)
        soft -= sums[5:, :-5]
        soft += sums[:-5, :-5]
        soft //= 25
        return soft

    def area(self, piece: Slice, mask: np.ndarray) -> float:
        return int(np.count_nonzero(mask)) * (piece.millimetres / SIDE) ** 2

    def measure(self, piece: Slice) -> Measures:
        soft = self.smooth(piece.grey)
        levels, _ = np.histogram(piece.grey[::4, ::4], bins=64, range=(0, 256))
        share = np.cumsum(levels) / levels.sum()
        dark, bright = 4 * int(np.searchsorted(share, 0.25)), 4 * int(np.searchsorted(share, 0.75))
        wall = self.area(piece, np.less(soft, dark, out=self.mask))
        chamber = self.area(piece, np.greater(soft, (dark + bright) // 2, out=self.mask))
        larva = np.greater(soft, bright, out=self.mask)
        edges = np.count_nonzero(np.not_equal(larva[:, 1:], larva[:, :-1], out=self.edge))
        tannin = (bright - dark) / max(1.0, float(soft.mean()))
        return Measures(piece.tray, piece.place, piece.wasp, wall, chamber, edges // 64, tannin)


class Register:
    """Measures of the last trays, and a file of all, of which two are kept."""

    def __init__(self, path: str, kept: int = 400, lines: int = 4000):
        self.path = path
        self.lines = lines
        self.lock = threading.Lock()
        self.last: deque[Measures] = deque(maxlen=kept)
        self.unwritten: list[Measures] = []
        self.written = 0

    def add(self, measures: Measures) -> None:
        with self.lock:
            self.last.append(measures)
            self.unwritten.append(measures)

    def write(self) -> None:
        with self.lock:
            rows, self.unwritten = self.unwritten, []
        if self.written > self.lines:
            os.replace(self.path, self.path + ".old")
            self.written = 0
        with open(self.path, "a", newline="") as file:
            csv.writer(file).writerows(
                (row.tray, row.place, row.wasp, f"{row.wall:.2f}", f"{row.chamber:.2f}", row.larvae) for row in rows
            )
        self.written += len(rows)

    def larvae_by_wasp(self) -> dict[str, float]:
        with self.lock:
            rows = list(self.last)
        counts: dict[str, list[int]] = {}
        for row in rows:
            counts.setdefault(row.wasp, []).append(row.larvae)
        return {wasp: sum(larvae) / len(larvae) for wasp, larvae in counts.items()}


class Bench:
    def __init__(self, register: Register, workers: int = 2):
        self.register = register
        self.slices: queue.Queue[Slice] = queue.Queue(maxsize=8)
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(workers)]
        for thread in self.threads:
            thread.start()

    def work(self) -> None:
        lens = Lens()
        while True:
            piece = self.slices.get()
            try:
                self.register.add(lens.measure(piece))
            except ValueError as error:
                print(f"slice {piece.place} of tray {piece.tray}: {error}", file=sys.stderr)
            finally:
                self.slices.task_done()

    def feed(self, tray: Tray) -> None:
        for piece in tray:
            self.slices.put(piece)


def scanner(port: int) -> None:
    """Pushes a tray through four times a second, in a process of its own."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    pictures = []
    for wasp in range(len(WASPS)):
        ring = 120 + 70 * np.cos(np.hypot(x, y) / (9 + wasp)) + rng.normal(0, 18, (SIDE, SIDE))
        pictures.append(ring.clip(0, 255).astype(np.uint8).tobytes())
    with socket.create_connection(("127.0.0.1", port)) as line:
        due = time.monotonic()
        for tray in range(1 << 31):
            for place in range(TRAY):
                wasp = (tray + place) % len(WASPS)
                line.sendall(HEAD.pack(tray, place, wasp, 14.0 + wasp) + pictures[wasp])
            due = max(due + 1 / TRAYS_A_SECOND, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


def housekeeping(register: Register) -> None:
    for second in range(1 << 31):
        time.sleep(1)
        register.write()
        if second == 2:
            print(f"ready {os.getpid()}", flush=True)
        if second % 10 == 0:
            gc.collect()
            means = ", ".join(f"{wasp} {mean:.1f}" for wasp, mean in register.larvae_by_wasp().items())
            print(f"larvae: {means}", file=sys.stderr)


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    services.outside(lambda: scanner(listening.getsockname()[1]))
    register = Register("galls.csv")
    bench = Bench(register)
    gc.freeze()
    threading.Thread(target=housekeeping, args=(register,), daemon=True).start()
    line, _ = listening.accept()
    bench.feed(Tray(line))


if __name__ == "__main__":
    main()
