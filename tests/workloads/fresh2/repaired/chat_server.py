# expect: healthy bench
"""A chat server on asyncio. Guests come and go; who was cut off may take up his session again for a few seconds."""

import asyncio
import collections
import logging
import os
import socket
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

GUESTS, ROOMS, RESUME = 60, 4, 1
logging.basicConfig(filename="chat.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Session:
    """A guest: what was said lately in his room, and his line, while there is one."""

    def __init__(self, room, recent):
        self.room = room
        self.missed = collections.deque((bytes(bytearray(line)) for line in recent), maxlen=120)
        self.line = None
        self.left = 0.0

    def hear(self, text):
        self.missed.append(text)
        if self.line and not self.line.is_closing():
            self.line.write(text)


class Chat:
    def __init__(self):
        self.sessions = {}
        self.members = collections.defaultdict(set)
        self.recent = collections.defaultdict(lambda: collections.deque(maxlen=120))
        self.said = 0

    def enter(self, token, room, line):
        session = self.sessions.get(token)
        if session is None:
            session = self.sessions[token] = Session(room, self.recent[room])
        session.line = line
        self.members[room].add(session)
        return session

    def leave(self, session):
        session.line = None
        session.left = time.monotonic()
        self.members[session.room].discard(session)

    def forget(self):
        """Ends the sessions of those who do not come back."""
        gone = time.monotonic() - RESUME
        for token in [token for token, known in self.sessions.items() if not known.line and known.left < gone]:
            del self.sessions[token]

    def say(self, room, text):
        self.recent[room].append(text)
        for session in self.members[room]:
            session.hear(text)
        self.said += 1

    async def serve(self, reader, writer):
        token, room = (await reader.readline()).decode().split()
        session = self.enter(token, room, writer)
        try:
            while text := await reader.readline():
                self.say(room, text)
        except ConnectionError:
            pass
        finally:
            self.leave(session)
            writer.close()


def guests(port):
    """Each says some words in the second that he stays, and another guest comes."""

    async def stay(number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"token-{number} room-{number % ROOMS}\n".encode())
        listening = asyncio.create_task(reader.read())
        for step in range(2):
            text = f"guest {number} says for the {step}. time that it will certainly rain tomorrow, and why; " * 3
            writer.write(f"{text}\n".encode())
            await asyncio.sleep(0.3)
        writer.write_eof()
        await listening
        writer.close()

    async def one_after_the_other(first):
        await asyncio.sleep(first / GUESTS)
        for number in range(first, 1 << 40, GUESTS):
            await stay(number)

    async def main():
        await asyncio.gather(*(one_after_the_other(first) for first in range(GUESTS)))

    asyncio.run(main())


async def main():
    chat = Chat()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = await asyncio.start_server(chat.serve, sock=listening)
        services.outside(lambda: guests(listening.getsockname()[1]))
        async with server:
            for second in range(1 << 40):
                await asyncio.sleep(1)
                chat.forget()
                if second == 4:
                    print("ready", os.getpid(), flush=True)
                logging.info("%d messages, %d guests here", chat.said, sum(map(len, chat.members.values())))


asyncio.run(main())
