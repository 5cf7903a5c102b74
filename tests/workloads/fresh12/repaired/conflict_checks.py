# expect: healthy bench
"""The intake of a legal aid hotline: before an adviser may take a call, caller and opponent are checked for a conflict
of interest, in the hotline's own files and at the register of the partner firms.
Measured: 200 checks a second, all that are asked for; 86 in the problem.
"""

import asyncio
import json
import os
import random
import socket
import sys
import time
from collections import Counter, defaultdict, deque
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

AREAS = ("housing", "debt", "family", "employment", "benefits", "immigration")
SURNAMES = ("Adeyemi", "Barlow", "Costa", "Dunne", "Eriksen", "Farrow", "Gill", "Hussain", "Ivanova", "Jarvis")
GROUPS = ("bfpv", "cgjkqsxz", "dt", "l", "mn", "r")
CODES = {letter: code for code, letters in enumerate(GROUPS, 1) for letter in letters}


def sound_of(name):
    """The name as it sounds: its first letter and three figures."""
    name = name.lower()
    figures, before = [], CODES.get(name[0])
    for letter in name[1:]:
        code = CODES.get(letter)
        if code and code != before:
            figures.append(str(code))
        before = code
    return (name[0].upper() + "".join(figures) + "000")[:4]


class Register:
    """The register of the partner firms: tells how many matters of theirs name a person."""

    def __init__(self, port):
        self._port = port
        self._idle = []  # lines that nobody uses, the last used at the end

    async def matters(self, name):
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(f"GET /person/{name} HTTP/1.1\r\nHost: register\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            body = await reader.readexactly(length)
        except BaseException:
            writer.close()
            raise
        self._idle.append((reader, writer))
        return json.loads(body)["matters"]


class OwnFiles:
    """Who is a party to what, found by the sound of the name."""

    def __init__(self, seed, matters=4000):
        chance = random.Random(seed)
        self._by_sound = defaultdict(list)
        for number in range(matters):
            name = f"{chance.choice(SURNAMES)}{chance.choice(('', 'son', 'man', 'ley', 'ton'))}"
            self._by_sound[sound_of(name)].append((name, chance.choice(AREAS), f"M{number:05}"))

    def like(self, name, area):
        found = self._by_sound.get(sound_of(name), ())
        return [matter for other, of, matter in found if of == area and other == name][:5]


class Intake:
    def __init__(self, register, files):
        self.register, self.files = register, files
        self.waiting = 0
        self.times = deque(maxlen=500)
        self.outcomes = Counter()

    async def check(self, caller, opponent, area):
        """Whether the adviser on duty may take the call."""
        near = self.files.like(opponent, area)
        elsewhere = await self.register.matters(opponent)
        outcome = "refer" if elsewhere > 9 else "ask" if near else "take"
        self.outcomes[outcome] += 1
        return {"caller": caller, "area": area, "outcome": outcome, "near": near}

    async def answer(self, path):
        _, _, caller, opponent, area = path.split("/")
        began = time.monotonic()
        self.waiting += 1
        try:
            return await self.check(caller, opponent, area)
        finally:
            self.waiting -= 1
            self.times.append(time.monotonic() - began)

    async def desk(self, reader, writer):
        """One of the call handlers' screens: a request after the other on a kept line."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                path = head.split(b" ", 2)[1].decode()
                body = json.dumps(await self.answer(path)).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def wallboard(self):
        while True:
            await asyncio.sleep(2)
            mean = sum(self.times) / max(1, len(self.times))
            state = {"waiting": self.waiting, "ms": round(1000 * mean, 1), "calls": self.outcomes}
            print(json.dumps(state), sum(self.outcomes.values()), file=sys.stderr)


async def serve(intake, listener):
    server = await asyncio.start_server(intake.desk, sock=listener)
    board = asyncio.create_task(intake.wallboard())
    print("ready", os.getpid(), flush=True)
    async with server:
        await asyncio.gather(server.serve_forever(), board)


def partner_firms(path):
    time.sleep(0.012)
    return json.dumps({"matters": sum(path.encode()) % 12}).encode()


def main():
    register = services.http_service(partner_firms)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    chance = random.Random(3)
    calls = [
        f"/check/c{number}/{chance.choice(SURNAMES)}{chance.choice(('', 'son', 'ley'))}/{chance.choice(AREAS)}"
        for number in range(300)
    ]
    services.outside(lambda: clients.come(listener.getsockname()[1], calls, 200, 24))
    asyncio.run(serve(Intake(Register(register), OwnFiles(8)), listener))


if __name__ == "__main__":
    main()
