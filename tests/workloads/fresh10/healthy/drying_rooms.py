# expect: healthy bench
"""Watches the drying rooms of a seed bank: each bag of seeds lies on a logger of its own, which is asked twice a second for
its weight and for the air around it. From the last readings it is foretold when the bag is dry enough to be frozen; the
curves are fitted for a few bags at a time, so that nobody waits for a reading.

Measured: 72 readings a second, never more than a few milliseconds late; a tenth of a core for the curves.
"""

import asyncio
import contextlib
import json
import math
import os
import random
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

BAGS = 36
EVERY = 0.5
KEPT = 240
DRY = 0.055  # of the weight may be water


def logger_answer(path):
    """A logger on the shelf, elsewhere."""
    time.sleep(0.004)
    number = int(path.rpartition("/")[2])
    hours = (time.time() % 3600) / 60 + number
    water = 0.045 + 0.09 * math.exp(-hours / (20 + number % 7)) + random.gauss(0, 0.0006)
    return json.dumps({"bag": number, "grams": 400 / (1 - water), "celsius": 15.2, "humidity": 0.15}).encode()


@dataclass
class Bag:
    number: int
    dry_grams: float
    readings: deque = field(default_factory=lambda: deque(maxlen=KEPT))
    ready_in: float = math.inf

    def note(self, at, grams):
        self.readings.append((at, 1 - self.dry_grams / grams))

    def fit(self):
        """Fit water = a + b exp(-t / c) for some c, and see when it falls to what is allowed."""
        first = self.readings[0][0]
        best = (math.inf, 0.0, 0.0, 1.0)
        for tau in (5.0, 10.0, 20.0, 40.0, 80.0):
            sums = [0.0] * 5
            for at, water in self.readings:
                decay = math.exp((first - at) / tau)
                sums = [sums[0] + 1, sums[1] + decay, sums[2] + decay * decay, sums[3] + water, sums[4] + decay * water]
            n, d, dd, w, dw = sums
            slope = (n * dw - d * w) / ((n * dd - d * d) or 1.0)
            rest = (w - slope * d) / n
            error = sum((rest + slope * math.exp((first - at) / tau) - water) ** 2 for at, water in self.readings)
            best = min(best, (error, rest, slope, tau))
        _, rest, slope, tau = best
        share = (DRY - rest) / slope if slope else 0.0
        self.ready_in = -tau * math.log(share) if 0 < share < 1 else math.inf


class Logger:
    """The line to a logger, which is kept and made anew if it breaks."""

    def __init__(self, port, bag):
        self._port, self._bag = port, bag
        self._line = None

    async def _ask(self):
        if self._line is None:
            self._line = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._line
        writer.write(f"GET /bag/{self._bag.number} HTTP/1.1\r\nHost: logger\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        return json.loads(await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0])))

    async def follow(self):
        """Take a reading at each beat; all loggers have beats of their own."""
        beat = time.monotonic() + EVERY * self._bag.number / BAGS
        while True:
            await asyncio.sleep(beat - time.monotonic())
            try:
                told = await self._ask()
                self._bag.note(time.monotonic(), told["grams"])
            except (OSError, asyncio.IncompleteReadError):
                self._line = None
            beat = max(beat + EVERY, time.monotonic())


async def foretell(bags):
    """Go round the bags, one fit at a time."""
    while True:
        for bag in bags:
            if len(bag.readings) > 4:
                bag.fit()
            await asyncio.sleep(0.02)


async def shelf_list(bags):
    """Which bags go to the freezer next; for the board at the door."""
    while True:
        await asyncio.sleep(2)
        order = sorted(bags, key=lambda bag: bag.ready_in)
        lines = [
            f"bag {bag.number:2d}  water {bag.readings[-1][1]:.3f}  {bag.ready_in:8.1f}"
            for bag in order
            if bag.readings
        ]
        await asyncio.to_thread(Path("shelves.txt").write_text, "\n".join(lines))


async def main():
    port = services.http_service(logger_answer)
    bags = [Bag(number, 400.0) for number in range(BAGS)]
    began = time.monotonic()
    for bag in bags:  # what the loggers kept while nobody asked
        for back in range(KEPT, 0, -1):
            bag.note(began - back * EVERY, 400 / (1 - 0.05 - 0.02 * math.exp(-(KEPT - back) * EVERY / 30)))
    print("ready", os.getpid(), flush=True)
    await asyncio.gather(foretell(bags), shelf_list(bags), *(Logger(port, bag).follow() for bag in bags))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
