# expect: pattern=open-close-churn bench
"""Coins in wishing wells: a charity counts what visitors throw into the wells of castles and parks. A sensor under the
water hears each coin, a gateway on the site sends some in a datagram, and the ledger keeps a journal for each well
and a day-book for each county.

asyncio; the journals are small files with tabs, which the treasurer's spreadsheet imports.

Measured: 16 000 coins a second into 160 wells; 36 % of a core; in the twin 10 %.
"""

import asyncio
import os
import random
import socket
import sys
import time
from bisect import bisect_left
from collections import Counter, deque
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import services  # noqa: E402

WELLS = 160
COINS_A_SECOND = 16000
COINS_A_DATAGRAM = 48

# what a coin sounds like: upper bounds of pitches (Hz), and the names and values (cents) below them
PITCHES = (5200, 5900, 6600, 7400, 8300)
COINS = (("2 euro", 200), ("1 euro", 100), ("50 cent", 50), ("20 cent", 20), ("10 cent", 10), ("copper", 2))


class NotACoin(ValueError):
    pass


@dataclass(slots=True)
class Coin:
    well: str
    clock: int
    kind: str
    cents: int
    depth: int

    @classmethod
    def heard(cls, line):
        """``well;milliseconds;pitch;depth``, as a gateway puts it."""
        try:
            well, clock, pitch, depth = line.split(";")
            kind, cents = COINS[bisect_left(PITCHES, int(pitch))]
            return cls(well, int(clock), kind, cents, int(depth))
        except ValueError as error:
            raise NotACoin(line) from error

    def entry(self):
        return f"{self.clock}\t{self.kind}\t{self.cents}\t{self.depth}\n"


class Journals:
    """Files for wells and day-books, in a folder for each county; a full one is put aside, over the one before."""

    def __init__(self, home, limit=256 << 10):
        self.home, self.limit = home, limit
        self.sizes = Counter()
        self.counties = set()

    def path(self, well):
        county, _, name = well.partition("/")
        if county not in self.counties:
            os.makedirs(os.path.join(self.home, county), exist_ok=True)
            self.counties.add(county)
        return f"{self.home}/{county}/{name}.tsv"

    def append(self, well, entry):
        path = self.path(well)
        with open(path, "a", encoding="ascii") as journal:  # <- cost
            journal.write(entry)
        self.sizes[well] += len(entry)
        if self.sizes[well] > self.limit:
            os.replace(path, path + ".1")
            self.sizes[well] = 0


class Takings:
    """What was thrown, by well, and of late."""

    def __init__(self):
        self.cents, self.coins = Counter(), Counter()
        self.minutes = deque(maxlen=60)
        self.this_minute = 0

    def count(self, coin):
        self.cents[coin.well] += coin.cents
        self.coins[coin.kind] += 1
        self.this_minute += coin.cents

    def turn(self):
        self.minutes.append(self.this_minute)
        self.this_minute = 0

    def best(self, number=5):
        return self.cents.most_common(number)


class Gateway(asyncio.DatagramProtocol):
    def __init__(self, journals, takings):
        self.journals, self.takings = journals, takings
        self.refused = 0

    def datagram_received(self, data, addr):
        for line in data.decode("ascii", "replace").splitlines():
            try:
                coin = Coin.heard(line)
            except NotACoin:
                self.refused += 1
                continue
            entry = coin.entry()
            self.journals.append(coin.well, entry)
            county, _, well = coin.well.partition("/")
            self.journals.append(f"{county}/day-book", f"{well}\t{entry}")
            self.takings.count(coin)

    def error_received(self, exc):
        self.refused += 1


class Treasurer:
    """Writes the board of the charity's hall, and closes the minutes."""

    def __init__(self, takings, path):
        self.takings, self.path = takings, path

    def board(self):
        lines = [f"{well}: {cents / 100:.2f} euro" for well, cents in self.takings.best()]
        kinds = ", ".join(f"{count} of {kind}" for kind, count in self.takings.coins.most_common())
        return "\n".join([*lines, kinds, f"minutes: {list(self.takings.minutes)[-10:]}", ""])

    async def work(self):
        seconds = 0
        while True:
            await asyncio.sleep(1)
            seconds += 1
            if seconds % 5 == 0:
                with open(self.path, "w") as file:
                    file.write(self.board())
            if seconds % 60 == 0:
                self.takings.turn()


def visitors(port):
    """People who wish for something, at all wells, all day."""
    rng = random.Random(7)
    wells = [f"county-{number % 12}/well-{number:03d}" for number in range(WELLS)]
    datagrams = []
    for clock in range(800):
        lines = []
        for n in range(COINS_A_DATAGRAM):
            at = clock * 1000 + n * 31
            lines.append(f"{rng.choice(wells)};{at};{rng.randrange(4600, 9500)};{rng.randrange(40, 260)}")
        datagrams.append("\n".join(lines).encode())
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.connect(("127.0.0.1", port))
    due, number = time.monotonic(), 0
    while True:
        line.send(datagrams[number % len(datagrams)])
        number += 1
        due = max(due + COINS_A_DATAGRAM / COINS_A_SECOND, time.monotonic() - 0.5)
        time.sleep(max(0.0, due - time.monotonic()))


async def run(line):
    journals, takings = Journals(os.path.abspath("journals")), Takings()
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: Gateway(journals, takings), sock=line)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Treasurer(takings, "board.txt").work(), name="treasurer")
        await asyncio.sleep(1)
        print(f"ready {os.getpid()}", flush=True)


def main():
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    line.bind(("127.0.0.1", 0))
    line.setblocking(False)
    port = line.getsockname()[1]
    services.outside(lambda: visitors(port))
    asyncio.run(run(line))


if __name__ == "__main__":
    main()
