# expect: healthy bench
"""Invoicing at a pharmacy wholesaler: deliveries that left the ramp are priced by the agreements that the buying groups
have made, checked for recalled batches, and put on the collective invoice of the pharmacy.

Measured (on a crowded machine): a delivery is priced in 97 ms; 317 ms in the problem.
"""

import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

PHARMACIES = 140
EVERY = 0.27  # seconds from one delivery to the next
LINES = 8


@dataclass(frozen=True)
class Line:
    article: int
    batch: str
    packs: int
    list_price: int  # cents


@dataclass
class Delivery:
    number: int
    pharmacy: int
    lines: list[Line]
    left: float


@dataclass
class Position:
    line: Line
    rebate: float
    blocked: bool

    @property
    def cents(self) -> int:
        return 0 if self.blocked else round(self.line.packs * self.line.list_price * (1 - self.rebate))


@dataclass
class Account:
    """What a pharmacy owes for this half of the month."""

    cents: int = 0
    deliveries: int = 0
    latest: list[str] = field(default_factory=list)

    def enter(self, delivery: Delivery, positions: list[Position]) -> None:
        self.cents += sum(position.cents for position in positions)
        self.deliveries += 1
        self.latest.append(f"{delivery.number}: {len(positions)} positions")
        del self.latest[:-5]


class House:
    """A service of the house; its connections are kept."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, path: str) -> dict:
        if self._idle:
            reader, writer = self._idle.pop()
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: house\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        body = await reader.readexactly(length)
        self._idle.append((reader, writer))
        return json.loads(body)


class Billing:
    def __init__(self, agreements: House, recalls: House) -> None:
        self._agreements = agreements
        self._recalls = recalls
        self.accounts: dict[int, Account] = defaultdict(Account)
        self.done = 0
        self.spent = 0.0

    async def _rebate(self, pharmacy: int, article: int) -> float:
        said = await self._agreements.ask(f"/agreement/{pharmacy}/{article}")
        return said["percent"] / 100

    async def _blocked(self, batch: str) -> bool:
        return (await self._recalls.ask(f"/batch/{batch}"))["recalled"]

    async def _position(self, pharmacy: int, line: Line) -> Position:
        rebate, blocked = await asyncio.gather(self._rebate(pharmacy, line.article), self._blocked(line.batch))
        return Position(line, rebate, blocked)

    async def price(self, delivery: Delivery) -> list[Position]:
        return await asyncio.gather(*(self._position(delivery.pharmacy, line) for line in delivery.lines))

    async def run(self, ramp: asyncio.Queue) -> None:
        while True:
            delivery = await ramp.get()
            began = time.perf_counter()
            positions = await self.price(delivery)
            self.accounts[delivery.pharmacy].enter(delivery, positions)
            self.spent += time.perf_counter() - began
            self.done += 1


async def load_vans(ramp: asyncio.Queue) -> None:
    """Deliveries, as the ramp scans them out of the house."""
    chance = random.Random(19)
    number = 70_000
    while True:
        lines = [
            Line(
                article=chance.randrange(100_000),
                batch=f"{chance.randrange(46_656):04X}",
                packs=chance.randint(1, 12),
                list_price=chance.randint(180, 9900),
            )
            for _ in range(LINES)
        ]
        number += 1
        ramp.put_nowait(Delivery(number, chance.randrange(PHARMACIES), lines, time.time()))
        await asyncio.sleep(EVERY)


async def daily_sheet(billing: Billing, sheet: Path) -> None:
    while True:
        await asyncio.sleep(2)
        owed = sum(account.cents for account in billing.accounts.values())
        mean = 1000 * billing.spent / max(1, billing.done)
        sheet.write_text(f"{billing.done} deliveries, {mean:.0f} ms each, {owed / 100:.2f} owed\n")


def agreement(path: str) -> bytes:
    time.sleep(0.014)
    return json.dumps({"percent": sum(path.encode()) % 17}).encode()


def recall(path: str) -> bytes:
    time.sleep(0.014)
    return json.dumps({"recalled": sum(path.encode()) % 97 == 0}).encode()


async def main() -> None:
    billing = Billing(House(services.http_service(agreement)), House(services.http_service(recall)))
    ramp: asyncio.Queue = asyncio.Queue(maxsize=2000)
    sheet = Path(tempfile.mkdtemp(prefix="billing-")) / "sheet.txt"
    tasks = [load_vans(ramp), billing.run(ramp), daily_sheet(billing, sheet)]
    print("ready", os.getpid(), flush=True)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main())
