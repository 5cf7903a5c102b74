# expect: pattern=blocking-io bench
"""The host of a city's parking meters: each meter keeps a line open to it and sends what a driver wants to pay; the
host reckons the end of the stay from the zone's tariff, has the card authorised by the acquirer, and answers with the
ticket. Meters also report their state: paper, battery, coins.
Measured: each payment holds the loop for 10.6 ms, two thirds of all time at 63 payments a second; in the twin for
about 0.3 ms (by its CPU time), with the wait for the acquirer beside it.
"""

import asyncio
import heapq
import os
import random
import socket
import socketserver
import struct
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

LENGTH = struct.Struct(">H")
# cents for each quarter of an hour: the first two, the next four, all later ones; and the longest stay in minutes
ZONES = {
    "core": (90, 130, 190, 120),
    "ring": (60, 80, 110, 240),
    "market": (70, 70, 150, 90),
    "stadium": (40, 120, 120, 300),
    "quays": (30, 40, 60, 600),
}
PAPER_LOW, BATTERY_LOW = 12, 11.4


class Refused(Exception):
    pass


class Acquirer:
    """The line to the company that stands behind the cards."""

    def __init__(self, port):
        self._line = socket.create_connection(("127.0.0.1", port), timeout=5)
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._line.makefile("rb")

    def authorise(self, card, cents, reference):
        message = f"AUTH {card} {cents} {reference}".encode()
        self._line.sendall(LENGTH.pack(len(message)) + message)  # <- cost
        (length,) = LENGTH.unpack(self._answers.read(LENGTH.size))  # <- cost
        code, approval = self._answers.read(length).decode().split()
        if code != "00":
            raise Refused(code)
        return approval


@dataclass
class Meter:
    name: str
    paper: int = 100
    battery: float = 12.6
    tickets: int = 0
    takings: int = 0
    faults: set = field(default_factory=set)

    def state(self, paper, battery):
        self.paper, self.battery = paper, battery
        self.faults = {
            fault for fault, present in (("paper", paper < PAPER_LOW), ("battery", battery < BATTERY_LOW)) if present
        }


def price(zone, minutes):
    first, then, later, longest = ZONES[zone]
    if minutes > longest:
        raise Refused("stay")
    quarters = -(-minutes // 15)
    return sum(first if quarter < 2 else then if quarter < 6 else later for quarter in range(quarters))


class Host:
    def __init__(self, acquirer):
        self.acquirer = acquirer
        self.meters = {}
        self.stays = {}  # the end of the stay, by number plate
        self._ends = []
        self.paid = 0
        self.held = 0.0

    async def pay(self, meter, zone, plate, minutes, card):
        cents = price(zone, int(minutes))
        approval = self.acquirer.authorise(card, cents, f"{meter.name}-{meter.tickets}")  # <- cost
        now = time.time()
        end = max(self.stays.get(plate, now), now) + int(minutes) * 60
        self.stays[plate] = end
        heapq.heappush(self._ends, (end, plate))
        meter.tickets += 1
        meter.takings += cents
        meter.paper -= 1
        self.paid += 1
        return f"TICKET {plate} {time.strftime('%H:%M', time.localtime(end))} {cents / 100:.2f} {approval}"

    async def command(self, words):
        kind, name, *rest = words
        meter = self.meters.setdefault(name, Meter(name))
        if kind == "PAY":
            began = time.perf_counter()
            answer = await self.pay(meter, *rest)  # <- cost
            self.held += time.perf_counter() - began
            return answer
        if kind == "STATE":
            meter.state(int(rest[0]), float(rest[1]))
            return "NOTED " + ",".join(sorted(meter.faults))
        raise ValueError(kind)

    async def serve(self, reader, writer):
        while line := await reader.readline():
            try:
                answer = await self.command(line.decode().split())  # <- cost
            except Refused as refusal:
                answer = f"REFUSED {refusal}"
            except (ValueError, TypeError, KeyError):
                answer = "WHAT"
            writer.write(answer.encode() + b"\n\n")
            await writer.drain()
        writer.close()

    def forget(self):
        """Drop the stays that have ended."""
        now = time.time()
        while self._ends and (self._ends[0][0] < now or len(self._ends) > 5000):
            end, plate = heapq.heappop(self._ends)
            if self.stays.get(plate) == end:
                del self.stays[plate]


def acquirer_service():
    """The acquirer's own host, elsewhere: it asks the bank of the card."""

    class Line(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self):
            while head := self.rfile.read(LENGTH.size):
                words = self.rfile.read(*LENGTH.unpack(head)).decode().split()
                time.sleep(0.009)
                answer = b"51 -" if words[1].endswith("13") else f"00 {sum(words[3].encode()):06d}".encode()
                self.wfile.write(LENGTH.pack(len(answer)) + answer)

    socketserver.ThreadingTCPServer.daemon_threads = True
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Line)
    services.outside(server.serve_forever)
    return server.server_address[1]


def what_meters_say(chance):
    said, zones = [], list(ZONES)
    for number in range(400):
        name, zone = f"M{number % 120:03d}", zones[number % len(zones)]
        if number % 8 == 7:
            said.append(f"STATE {name} {chance.randrange(5, 100)} {chance.uniform(11.2, 12.8):.1f}")
        else:
            plate = f"{chance.choice('ABCDEFGH')}{chance.randrange(1000, 9999)}"
            said.append(f"PAY {name} {zone} {plate} {chance.choice((15, 30, 45, 60, 90))} C{chance.randrange(10**6)}")
    return said


async def main():
    host = Host(Acquirer(acquirer_service()))
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    said = what_meters_say(random.Random(3))
    services.outside(lambda: clients.ask_lines(port, said, 12, 0.15))
    book = Path(tempfile.mkdtemp(prefix="meters-")) / "takings.txt"
    print("ready", os.getpid(), flush=True)
    while True:
        await asyncio.sleep(2)
        host.forget()
        takings = sum(meter.takings for meter in host.meters.values())
        told = f"{host.paid} tickets, {takings / 100:.2f}, {host.held / max(1, host.paid) * 1000:.2f} ms each\n"
        book.write_text(told)


if __name__ == "__main__":
    asyncio.run(main())
