# expect: healthy bench
"""Keeps the night duty of a town's pharmacies: says which one is open, hands over at its hours, and answers those who
ask at a socket; there is little to do at night.

Measured: at most one tick (10 ms) of CPU in 5 seconds.
"""

import asyncio
import contextlib
import datetime
import json
import logging
import os
import random
import sys
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

DISTRICTS = ("harbour", "old town", "university", "hospital", "hill")
SHIFT = datetime.timedelta(hours=12)
logging.basicConfig(filename="duty.log", format="%(asctime)s %(message)s", level=logging.INFO)


@dataclass(frozen=True, slots=True)
class Pharmacy:
    name: str
    district: str
    phone: str


class Rota:
    """Who has which night: each pharmacy of a district in turn, from a day that all know."""

    first = datetime.date(2024, 1, 1)

    def __init__(self, pharmacies: list[Pharmacy]) -> None:
        self._by_district = {name: [each for each in pharmacies if each.district == name] for name in DISTRICTS}

    def on_duty(self, district: str, when: datetime.datetime) -> Pharmacy:
        nights = ((when - SHIFT / 2).date() - self.first).days
        staff = self._by_district[district]
        return staff[nights % len(staff)]

    @staticmethod
    def next_change(when: datetime.datetime) -> datetime.datetime:
        """The next eight o'clock, of the morning or of the evening."""
        eight = when.replace(hour=8, minute=0, second=0, microsecond=0)
        while eight <= when:
            eight += SHIFT
        return eight


class Desk:
    """Answers one line, a district's name, with the pharmacy that is open."""

    def __init__(self, rota: Rota) -> None:
        self._rota = rota
        self.asked: deque[tuple[datetime.datetime, str]] = deque(maxlen=1000)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(120):
                while line := await reader.readline():
                    writer.write(self._reply(line.decode().strip().lower()) + b"\n")
                    await writer.drain()
        writer.close()

    def _reply(self, district: str) -> bytes:
        now = datetime.datetime.now()
        if district not in DISTRICTS:
            return json.dumps({"error": "no such district", "districts": DISTRICTS}).encode()
        self.asked.append((now, district))
        found = asdict(self._rota.on_duty(district, now))
        return json.dumps(found | {"until": self._rota.next_change(now).isoformat()}).encode()


async def hand_over(rota: Rota) -> None:
    """Write down who takes over, when they do."""
    while True:
        now = datetime.datetime.now()
        due = rota.next_change(now)
        await asyncio.sleep((due - now).total_seconds())
        for district in DISTRICTS:
            logging.info("%s: %s", district, rota.on_duty(district, due).name)


async def report(desk: Desk) -> None:
    """Say each minute how many asked, if anybody did."""
    told = 0
    while True:
        await asyncio.sleep(60)
        if len(desk.asked) != told:
            told = len(desk.asked)
            logging.info("%d have asked, last for %s", told, desk.asked[-1][1])


def people(port: int) -> None:
    """Somebody asks now and then."""

    async def ask() -> None:
        dice = random.Random(5)
        while True:
            await asyncio.sleep(dice.uniform(1.0, 3.0))
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"{dice.choice(DISTRICTS)}\n".encode())
            await reader.readline()
            writer.close()

    asyncio.run(ask())


async def main(port: int) -> None:
    dice = random.Random(3)
    names = ("Anchor", "Lion", "Swan", "Linden", "Angel", "Star", "Eagle")
    staff = [Pharmacy(f"{name} of {at}", at, f"0{dice.randint(10**7, 10**8)}") for at in DISTRICTS for name in names]
    rota = Rota(staff)
    desk = Desk(rota)
    server = await asyncio.start_server(desk.answer, "127.0.0.1", port)
    print("ready", os.getpid(), flush=True)
    async with server, asyncio.TaskGroup() as duties:
        duties.create_task(hand_over(rota))
        duties.create_task(report(desk))


if __name__ == "__main__":
    chosen = services.free_port()
    services.outside(lambda: (services.wait_for(chosen), people(chosen)))
    asyncio.run(main(chosen))
