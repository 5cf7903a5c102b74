# expect: healthy bench
"""Broker for the sightings of fulmars: observers publish lines to a topic, analysts pull from it and acknowledge what they
have. A topic keeps its last messages; a pull that finds nothing waits a while for the next publication. A server under load:
about 2000 commands a second.
"""

import asyncio
import os
import sys
from collections import deque

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

TOPICS = [f"cliff{n}" for n in range(12)]
KEPT = 2000
LEASE = 256
PULL_WAIT = 2.0


class Topic:
    def __init__(self, name):
        self.name = name
        self.waiting = deque(maxlen=KEPT)
        self.leased = {}
        self.next = 0
        self.arrived = asyncio.Event()

    def publish(self, text):
        self.next += 1
        self.waiting.append((self.next, text))
        self.arrived.set()
        return self.next

    def pull(self, limit):
        """Lease up to ``limit`` messages; the oldest leases lapse when there are too many."""
        taken = []
        while self.waiting and len(taken) < limit:
            message = self.waiting.popleft()
            self.leased[message[0]] = message
            taken.append(message)
        while len(self.leased) > LEASE:
            del self.leased[next(iter(self.leased))]
        if not self.waiting:
            self.arrived.clear()
        return taken

    def acknowledge(self, upto):
        done = 0
        while self.leased:
            first = next(iter(self.leased))
            if first > upto:
                break
            del self.leased[first]
            done += 1
        return done


class Broker:
    def __init__(self):
        self.topics = {name: Topic(name) for name in TOPICS}
        self.commands = {b"PUB": self.publish, b"PULL": self.pull, b"ACK": self.acknowledge, b"STAT": self.stat}

    async def publish(self, topic, text):
        return [b"OK %d" % topic.publish(text)]

    async def pull(self, topic, text):
        limit = min(100, int(text))
        taken = topic.pull(limit)
        if not taken:
            try:
                await asyncio.wait_for(topic.arrived.wait(), PULL_WAIT)
            except asyncio.TimeoutError:
                return [b"NONE"]
            taken = topic.pull(limit)
        return [b"%d %b" % message for message in taken] or [b"NONE"]

    async def acknowledge(self, topic, text):
        upto = topic.next if text == b"all" else int(text)
        return [b"OK %d" % topic.acknowledge(upto)]

    async def stat(self, topic, _):
        return [b"waiting %d leased %d last %d" % (len(topic.waiting), len(topic.leased), topic.next)]

    async def answer(self, line):
        verb, _, rest = line.rstrip().partition(b" ")
        name, _, text = rest.partition(b" ")
        command = self.commands.get(verb)
        topic = self.topics.get(name.decode("ascii", "replace"))
        if command is None or topic is None:
            return [b"ERR unknown"]
        try:
            return await command(topic, text)
        except ValueError:
            return [b"ERR number"]

    async def serve(self, reader, writer):
        try:
            while line := await reader.readline():
                lines = await self.answer(line)
                writer.write(b"\n".join(lines) + b"\n\n")
                await writer.drain()
        except (ConnectionError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()


def observers_and_analysts(port):
    services.wait_for(port)
    seen = [
        f"PUB {topic} fulmaris glacialis nest {n * 37 % 911} chicks {n % 2} wind {n % 9} observer {n * 13 % 41}"
        for topic in TOPICS
        for n in range(40)
    ]
    asked = [line for topic in TOPICS for line in (f"PULL {topic} 20", f"ACK {topic} all", f"STAT {topic}")]
    services.outside(lambda: clients.ask_lines(port, seen, 10, 0.005))
    clients.ask_lines(port, asked, 8, 0.005)


async def main():
    broker = Broker()
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0, limit=1 << 16)
    port = server.sockets[0].getsockname()[1]
    services.outside(lambda: observers_and_analysts(port))
    await asyncio.sleep(1)
    print("ready", os.getpid(), flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
