# expect: healthy bench
"""Quote link of a parquet maker: contractors' systems send requests for quotes for the rooms of a building.

A contractor's system that has no answer within a second or two sends its request again, with the same number; it gets
the same quote, and no second one is made.

Measured: memory grows by 1.5 MB a second, from 48 MB on; in the twin it stays at 39 MB.
"""

import os
import queue
import random
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

REQUESTS_PER_SECOND = 120
REQUESTS_A_DAY = 22_000
BACKLOG = 2_500
REMEMBERED = 2_000  # some fifteen seconds

WOODS = {"oak": 6400, "ash": 5900, "walnut": 11800, "larch": 4700, "merbau": 9300}
PATTERNS = {"herringbone": 18, "chevron": 24, "strip": 6, "versailles": 41}
LAYING = {"glued": 2100, "floating": 900, "nailed": 2600}


@dataclass
class Room:
    name: str
    square_metres: float
    wood: str
    pattern: str
    laying: str


@dataclass
class Request:
    number: str
    contractor: str
    rooms: list[Room] = field(default_factory=list)


class QuoteDesk:
    def __init__(self):
        self.answered = OrderedDict()
        self.quotes = 0
        self.repeats = 0
        self.value = Decimal(0)

    def handle(self, request):
        """The quote for a request, the same one if it is sent again."""
        known = self.answered.get(request.number)
        if known is not None:
            self.repeats += 1
            return known
        quote = self.quote(request)
        self.answered[request.number] = quote
        if len(self.answered) > REMEMBERED:
            self.answered.popitem(last=False)
        self.quotes += 1
        self.value += quote["total"]
        return quote

    def quote(self, request):
        positions = []
        for room in request.rooms:
            waste = PATTERNS[room.pattern]
            metres = Decimal(str(room.square_metres))
            needed = (metres * (100 + waste) / 100).quantize(Decimal("0.01"))
            wood = (needed * WOODS[room.wood] / 100).quantize(Decimal("0.01"))
            laying = (metres * LAYING[room.laying] / 100).quantize(Decimal("0.01"))
            positions.append(
                {
                    "room": room.name,
                    "text": f"{needed} m2 {room.wood} parquet, {room.pattern}, {room.laying}, for {room.name}",
                    "needed": needed,
                    "wood": wood,
                    "laying": laying,
                    "sum": wood + laying,
                }
            )
        total = sum(position["sum"] for position in positions)
        discount = Decimal("0.05") if total > 40_000 else Decimal(0)
        return {
            "number": request.number,
            "contractor": request.contractor,
            "positions": positions,
            "discount": discount,
            "total": (total * (1 - discount)).quantize(Decimal("0.01")),
            "valid": (date(2024, 9, 2) + timedelta(days=30)).isoformat(),
        }


class Contractors:
    """What the contractors' systems send: the requests of a recorded day, over and over."""

    def __init__(self):
        self.sent = 0

    def next(self):
        number = self.sent % REQUESTS_A_DAY
        self.sent += 1
        if number % 40 == 39:
            number -= 30  # no answer in time
        chance = random.Random(number)
        request = Request(f"RFQ-2024-{number:06}", f"contractor {chance.randrange(300)}")
        for room in range(14):
            request.rooms.append(
                Room(
                    f"room {room // 7 + 1}.{room % 7 + 1:02}",
                    round(chance.uniform(6, 60), 1),
                    chance.choice(list(WOODS)),
                    chance.choice(list(PATTERNS)),
                    chance.choice(list(LAYING)),
                )
            )
        return request


def send(contractors, inbox):
    due = time.monotonic()
    while True:
        inbox.put(contractors.next())
        due = max(due + 1 / REQUESTS_PER_SECOND, time.monotonic() - 1)
        time.sleep(max(0.0, due - time.monotonic()))


def main():
    desk = QuoteDesk()
    contractors = Contractors()
    inbox = queue.Queue(200)
    for _ in range(BACKLOG):  # came in overnight
        desk.handle(contractors.next())
    threading.Thread(target=send, args=(contractors, inbox), daemon=True).start()

    begun = time.monotonic()
    told = False
    while True:
        desk.handle(inbox.get())
        if not told and time.monotonic() - begun > 2:
            print("ready", os.getpid(), flush=True)
            told = True


if __name__ == "__main__":
    main()
