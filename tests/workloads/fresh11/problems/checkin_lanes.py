# expect: pattern=blocking-io bench
"""The check-in of a ferry terminal: the booths of the lanes ask for a car with its booking, its plate goes to the
watch list of the border police, and the booth is told the lane on the quay. A board shows how full the sailings are.

Measured: a driver waits 23 ms for his lane, one in twenty more than 50 to 64, at 62 cars a second; 14 ms in the
twin, one in twenty more than 17 to 21.
"""

import asyncio
import http.client
import json
import os
import random
import socket
import sys
import threading
import time
from collections import deque
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

BOOTHS = 16
SAILINGS = ("07:15 Rødby", "08:45 Rødby", "10:00 Gedser", "11:30 Gedser")
QUAY_LANES = {"car": range(1, 9), "van": range(9, 12), "coach": range(12, 14), "motorcycle": range(14, 15)}


class WatchList:
    """The border police's service: it takes some 12 ms to look a plate up."""

    def __init__(self, port):
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)

    def wanted(self, plate):
        self._line.request("GET", f"/plates/{plate}")  # <- cost
        answer = self._line.getresponse()  # <- cost
        return json.loads(answer.read())["wanted"]  # <- cost


class Sailing:
    def __init__(self, name, metres):
        self.name, self.metres = name, metres
        self.taken = 0.0
        self.vehicles = 0

    def board(self, length):
        self.taken = (self.taken + length) % self.metres  # (a full one has left, the next one of that name loads)
        self.vehicles += 1


class Bookings:
    """Who is booked on which sailing."""

    def __init__(self):
        chance = random.Random(715)
        kinds = [
            kind for kind, weight in (("car", 14), ("van", 3), ("coach", 1), ("motorcycle", 2)) for _ in range(weight)
        ]
        self._by_number = {
            number: (chance.randrange(len(SAILINGS)), chance.choice(kinds), chance.uniform(2.2, 13.0))
            for number in range(6000)
        }

    def find(self, number):
        return self._by_number.get(number)


class Terminal:
    def __init__(self, watch_list):
        self._watch_list = watch_list
        self._bookings = Bookings()
        self._sailings = [Sailing(name, 1900) for name in SAILINGS]
        self._next_lane = dict.fromkeys(QUAY_LANES, 0)
        self._stopped = deque(maxlen=100)
        self._waits = deque(maxlen=500)
        self.checked = 0

    def _lane(self, kind):
        lanes = QUAY_LANES[kind]
        self._next_lane[kind] += 1
        return lanes[self._next_lane[kind] // 20 % len(lanes)]

    async def check_in(self, number, plate):
        """What the booth is to tell the driver."""
        booking = self._bookings.find(number)
        if booking is None:
            return "NO BOOKING"
        if self._watch_list.wanted(plate):  # <- cost
            self._stopped.append(plate)
            return "WAIT FOR OFFICER"
        sailing, kind, length = booking
        self._sailings[sailing].board(length)
        return f"LANE {self._lane(kind)} {SAILINGS[sailing]}"

    async def booth(self, reader, writer):
        """The line to a booth: a booking and a plate come, a lane goes back."""
        try:
            while line := await reader.readline():
                number, plate, asked = line.decode().split()
                told = await self.check_in(int(number), plate)  # <- cost
                writer.write(f"{told}\n".encode())
                await writer.drain()
                self.checked += 1
                self._waits.append(time.monotonic() - float(asked))
        finally:
            writer.close()

    async def board(self):
        """What the loading officer sees, and how long drivers stood at the booth."""
        while True:
            await asyncio.sleep(3)
            waits = sorted(self._waits)
            if not waits:
                continue
            full = ", ".join(f"{sailing.name} {sailing.taken / sailing.metres:.0%}" for sailing in self._sailings)
            median, late = waits[len(waits) // 2] * 1e3, waits[len(waits) * 95 // 100] * 1e3
            print(f"{self.checked} cars, {median:.0f} ms, 95 % below {late:.0f} ms; {full}", file=sys.stderr)


def drivers(port):
    """The booths: a car every 180 to 260 ms at each, on the Saturday when the holidays begin."""

    def booth(number):
        chance = random.Random(number)
        with socket.create_connection(("127.0.0.1", port)) as line, line.makefile("r") as answers:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                time.sleep(chance.uniform(0.18, 0.26))
                plate = f"{chance.choice(('HH', 'OD', 'RZ', 'HL'))}-{chance.randrange(1000, 9999)}"
                line.sendall(f"{chance.randrange(6050)} {plate} {time.monotonic()}\n".encode())
                if not answers.readline():
                    return

    booths = [threading.Thread(target=booth, args=(number,), daemon=True) for number in range(BOOTHS)]
    for each in booths:
        each.start()
    for each in booths:
        each.join()


def police(path):
    time.sleep(0.012)
    return json.dumps({"plate": path.rpartition("/")[2], "wanted": sum(path.encode()) % 97 == 0}).encode()


async def main():
    watch_list = WatchList(services.http_service(police))
    terminal = Terminal(watch_list)
    server = await asyncio.start_server(terminal.booth, "127.0.0.1", 0)
    services.outside(lambda: drivers(server.sockets[0].getsockname()[1]))
    print("ready", os.getpid(), flush=True)
    async with server:
        await terminal.board()


if __name__ == "__main__":
    asyncio.run(main())
