# expect: healthy bench
"""The gateway of a public library: the machines at which readers check out and return books talk to it, and it asks the
library's circulation system, which knows the loans.
Measured: 291 books a second over all desks; 84 in the problem.
"""

import asyncio
import os
import random
import socket
import socketserver
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients  # noqa: E402
import services  # noqa: E402

MACHINES = 6
THINKING = 0.007  # seconds that the circulation system takes
BRANCHES = ("Central", "Northgate", "Harbour", "Mill Road", "Eastfield", "Castle")


class Circulation(socketserver.StreamRequestHandler):
    """The circulation system: a line with a question in, a line with the answer out."""

    disable_nagle_algorithm = True

    def handle(self):
        for line in self.rfile:
            kind, reader, item = line.decode().strip().split("|")
            time.sleep(THINKING)
            number = sum(item.encode())
            verdict = "no" if number % 17 == 0 else "ok"
            self.wfile.write(f"{verdict}|{kind}|{reader}|{item}|Title {number}|{14 + number % 14}\n".encode())


def start_circulation():
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Circulation)
    services.outside(server.serve_forever)
    return server.server_address[1]


def checksum(text):
    return f"{-sum(text.encode()) & 0xFFFF:04X}"


def start_machines(port):
    """Readers lay one book after the other on the machine."""

    def stand(number):
        chance = random.Random(number)
        with socket.create_connection(("127.0.0.1", port)) as line, line.makefile("rb") as answers:
            while True:
                kind = chance.choice(("11", "11", "09"))
                fields = f"{kind}{BRANCHES[number]}|AA{chance.randrange(20000):06}|AB{chance.randrange(90000):08}|AZ"
                line.sendall(f"{fields}{checksum(fields)}\r\n".encode())
                if not answers.readline():
                    return
                time.sleep(0.01)

    services.outside(lambda: clients.crowd(stand, MACHINES))


class Link:
    """The lines to the circulation system; each carries one question at a time."""

    LINES = 8  # it allows a library so many

    def __init__(self):
        self._free = asyncio.LifoQueue()

    async def open(self, port):
        for _ in range(self.LINES):
            self._free.put_nowait(await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, kind, reader, item):
        line = answers, questions = await self._free.get()
        questions.write(f"{kind}|{reader}|{item}\n".encode())
        answer = await answers.readline()
        self._free.put_nowait(line)
        return answer.decode().rstrip().split("|")


class Refused(Exception):
    pass


class Gateway:
    KINDS = {"11": "checkout", "09": "checkin"}

    def __init__(self, link):
        self._link = link
        self.tally = Counter()
        self.spent = 0.0

    def parse(self, message):
        fields, _, check = message.rpartition("AZ")
        if checksum(fields + "AZ") != check:
            raise Refused("checksum")
        head, reader, item, _ = fields.split("|")
        kind = self.KINDS.get(head[:2])
        if kind is None or not reader.startswith("AA") or not item.startswith("AB"):
            raise Refused("fields")
        return head[2:], kind, reader[2:], item[2:]

    def slip(self, verdict, kind, reader, item, title, days):
        done = "1" if verdict == "ok" else "0"
        text = f"{'12' if kind == 'checkout' else '10'}{done}AA{reader}|AB{item}|AJ{title}|AH{days} days|AZ"
        return text + checksum(text)

    async def answer(self, message):
        try:
            branch, kind, reader, item = self.parse(message)
        except Refused as why:
            self.tally["refused", str(why)] += 1
            return "96"
        answer = await self._link.ask(kind, reader, item)
        self.tally[branch, kind] += 1
        return self.slip(answer[0], *answer[1:])

    async def serve(self, reader, writer):
        """One machine, until it is switched off."""
        while line := await reader.readline():
            began = time.perf_counter()
            reply = await self.answer(line.decode().rstrip())
            writer.write(f"{reply}\r\n".encode())
            await writer.drain()
            self.spent += time.perf_counter() - began
        writer.close()


async def report(gateway):
    """How many books went over the desk in each branch."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(1.5)
        count = gateway.tally.total()
        lines = [f"{count / (time.monotonic() - began):.0f} books a second"]
        lines += [f"{' '.join(what)}: {number}" for what, number in sorted(gateway.tally.items())]
        await asyncio.to_thread(Path("desk.txt").write_text, "\n".join(lines) + "\n")


async def main():
    link = Link()
    await link.open(start_circulation())
    gateway = Gateway(link)
    server = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
    start_machines(server.sockets[0].getsockname()[1])
    while gateway.tally.total() < 2 * MACHINES:
        await asyncio.sleep(0.1)
    reports = asyncio.create_task(report(gateway))
    print("ready", os.getpid(), flush=True)
    await asyncio.gather(reports, server.serve_forever())


if __name__ == "__main__":
    asyncio.run(main())
