# bench: healthy
"""Timing and telemetry of a soapbox derby: the carts on the hill send what their wheels, brakes and gauges tell, over
one line; the job follows the carts, keeps the board of the fastest, archives what came in, and reports twice a second.

Plain Python, three threads. Looks costly, and is as it should be: whole blocks of records are unpacked at once; each
record costs a few additions; what the board shows is asked of a heap of some 60 carts; the lock is held for some
assignments, a few times a second; the archive is compressed by the block (outside the GIL) and written in big pieces;
finished parts of it are removed, all but the last; the reporter sleeps between its rounds.

Measured: 120000 records a second, 11 % of a core.
"""

import gc
import heapq
import json
import os
import queue
import random
import signal
import socket
import struct
import sys
import threading
import time
import zlib
from collections import deque
from dataclasses import dataclass, field

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

RECORD = struct.Struct(">dHBxhhI")  # time, cart, sensor, value, spare value, serial number
WHEEL, BRAKE, STRAIN, TEMPERATURE = range(4)
CARTS = 60
RECORDS = 120000  # a second
BLOCK = 400
PART = 24 << 20  # bytes of the archive
LAP = 340.0  # metres of the hill
SECTORS = ((0.0, "start"), (90.0, "chicane"), (210.0, "jump"), (300.0, "finish straight"))


@dataclass(slots=True)
class Cart:
    number: int
    metres: float = 0.0
    speed: float = 0.0
    braked: float = 0.0
    strain: int = 0
    warm: float = 20.0
    started: float = 0.0
    runs: int = 0
    best: float = 999.0
    times: deque = field(default_factory=lambda: deque(maxlen=12))

    def finish(self, at: float) -> None:
        took = at - self.started
        self.runs += 1
        self.times.append(took)
        self.best = min(self.best, took)
        self.metres, self.started = 0.0, at

    def sector(self) -> str:
        return next(name for from_metre, name in reversed(SECTORS) if self.metres >= from_metre)


class Hill:
    """The carts; only the thread of the line changes them."""

    def __init__(self) -> None:
        self.carts = [Cart(number) for number in range(CARTS)]
        self.records = self.strange = 0

    def take(self, block: memoryview) -> int:
        carts, count = self.carts, 0
        for at, number, sensor, value, other, _ in RECORD.iter_unpack(block):
            count += 1
            if number >= CARTS:
                self.strange += 1
                continue
            cart = carts[number]
            if sensor == WHEEL:
                cart.speed += (value * 0.01 - cart.speed) * 0.2
                cart.metres += value * 0.00002
                if cart.metres >= LAP:
                    cart.finish(at)
            elif sensor == BRAKE:
                cart.braked = cart.braked * 0.95 + value * 0.05
            elif sensor == STRAIN:
                cart.strain = max(value, other, cart.strain - 1)
            else:
                cart.warm += (value * 0.1 - cart.warm) * 0.05
        self.records += count
        return count


class Board:
    """What the commentator sees; made by the line's thread, read by the reporter."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: dict = {}

    def show(self, hill: Hill) -> None:
        fastest = heapq.nsmallest(5, hill.carts, key=lambda cart: cart.best)
        hot = [cart.number for cart in hill.carts if cart.warm > 70]
        told = {
            "fastest": [(cart.number, round(cart.best, 2), cart.runs) for cart in fastest],
            "hot": hot,
            "where": {cart.number: cart.sector() for cart in hill.carts[:12]},
            "records": hill.records,
        }
        with self._lock:
            self._shown = told

    def shown(self) -> dict:
        with self._lock:
            return dict(self._shown)


class Archive(threading.Thread):
    """Compresses the blocks and writes them, by parts; the last part before this one is kept."""

    def __init__(self) -> None:
        super().__init__(name="archive", daemon=True)
        self.blocks: queue.Queue[bytes | None] = queue.Queue(maxsize=200)
        self.parts = 0
        self.put_aside = 0

    def put(self, block: bytes) -> None:
        try:
            self.blocks.put_nowait(block)
        except queue.Full:
            self.put_aside += 1

    def run(self) -> None:
        ended = False
        while not ended:
            packer = zlib.compressobj(3)
            with open(f"part-{self.parts}.z", "wb", buffering=1 << 18) as part:
                taken = 0
                while taken < PART:
                    block = self.blocks.get()
                    if block is None:
                        ended = True
                        break
                    taken += len(block)
                    part.write(packer.compress(block))
                part.write(packer.flush())
            self._forget(self.parts - 1)
            self.parts += 1

    def _forget(self, number: int) -> None:
        try:
            os.unlink(f"part-{number}.z")
        except FileNotFoundError:
            pass


class Reporter(threading.Thread):
    def __init__(self, board: Board, archive: Archive):
        super().__init__(name="reporter", daemon=True)
        self.board, self.archive = board, archive
        self.rates: deque[tuple[float, int]] = deque(maxlen=20)

    def report(self) -> dict:
        told = self.board.shown()
        self.rates.append((time.monotonic(), told.get("records", 0)))
        (first, before), (last, now) = self.rates[0], self.rates[-1]
        rate = (now - before) / (last - first) if last > first else 0.0
        return {**told, "rate": round(rate), "parts": self.archive.parts, "put_aside": self.archive.put_aside}

    def run(self) -> None:
        while True:
            time.sleep(0.5)
            with open("board.tmp", "w") as out:
                json.dump(self.report(), out)
            os.replace("board.tmp", "board.json")


class Receiver:
    def __init__(self, line: socket.socket, board: Board, archive: Archive):
        self.line, self.board, self.archive = line, board, archive
        self.hill = Hill()
        self.stopped = False

    def work(self) -> None:
        buffer = bytearray(1 << 17)
        view, filled, show_at = memoryview(buffer), 0, 0.0
        while not self.stopped:
            got = self.line.recv_into(view[filled:])
            if not got:
                break
            filled += got
            whole = filled - filled % RECORD.size
            if whole >= BLOCK * RECORD.size:
                self.hill.take(view[:whole])
                self.archive.put(bytes(view[:whole]))
                view[: filled - whole] = view[whole:filled]
                filled -= whole
            if time.monotonic() > show_at:
                self.board.show(self.hill)
                show_at = time.monotonic() + 0.25


def hill_side(port: int) -> None:
    """The carts, as the radio mast hears them; some seconds were recorded, and are played again with new times."""
    rng = random.Random(8)
    heard = []
    for serial in range(RECORDS):
        sensor = rng.choice((WHEEL, WHEEL, WHEEL, BRAKE, STRAIN, TEMPERATURE))
        value = {WHEEL: 900, BRAKE: 200, STRAIN: 4000, TEMPERATURE: 480}[sensor] + rng.randrange(-150, 250)
        heard.append((rng.randrange(CARTS), sensor, value, rng.randrange(4000), serial))
    with socket.create_connection(("127.0.0.1", port)) as line:
        due, share, at = time.monotonic(), RECORDS // 50, 0
        while True:
            now = time.time()
            line.sendall(b"".join([RECORD.pack(now, *one) for one in heard[at : at + share]]))
            at = (at + share) % RECORDS
            due += share / RECORDS
            time.sleep(max(0.0, due - time.monotonic()))


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        services.outside(lambda: hill_side(port))
        line, _ = listening.accept()
    board, archive = Board(), Archive()
    receiver = Receiver(line, board, archive)

    def stop(*_):
        receiver.stopped = True

    signal.signal(signal.SIGTERM, stop)
    archive.start()
    Reporter(board, archive).start()
    gc.collect()
    gc.freeze()
    threading.Timer(1.5, print, [f"ready {os.getpid()}"], {"flush": True}).start()
    receiver.work()
    archive.blocks.put(None)
    archive.join(2)


if __name__ == "__main__":
    main()
