# bench: healthy
# The song queues of a karaoke house: guests put songs on the queue of their room from their phones; the screens in the
# rooms and at the bar follow the queues as a stream of events.
#
# FastAPI on uvicorn. Looks costly, and is as it should be: an event is encoded once for all that listen, each listener
# has a short queue that drops the oldest, and is forgotten when it goes; lyrics sheets are prepared in threads and the
# last ones are kept (bounded); the log is written twice a second, in a thread; a room's lock is held for some lines.
#
# Measured: 48 requests and some 65 events a second, each to 3 screens, 6 % of a core.
import asyncio
import contextlib
import gc
import http.client
import json
import os
import random
import socket
import sys
import textwrap
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import BaseModel, Field

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

ROOMS = 8
SCREENS = 3  # of each room
SONGS = 260
WISHES_EACH = 6.0  # a second and guest
GUESTS = 8
WORDS = "moon river heart night again baby never rain shine road home away dance fire light blue".split()


class Wish(BaseModel):
    song: int = Field(ge=0, lt=SONGS)
    singer: str = Field(max_length=40)
    key: int = Field(default=0, ge=-6, le=6)


class Listener:
    """A screen that follows a room; one that cannot keep up loses the oldest events."""

    def __init__(self, room: int = 32):
        self.events: asyncio.Queue[bytes] = asyncio.Queue(room)
        self.lost = 0

    def tell(self, event: bytes) -> None:
        if self.events.full():
            self.events.get_nowait()
            self.lost += 1
        self.events.put_nowait(event)


@dataclass
class Room:
    number: int
    queue: deque = field(default_factory=lambda: deque(maxlen=30))
    listeners: set[Listener] = field(default_factory=set)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    sung: int = 0

    def publish(self, kind: str, told: dict) -> None:
        event = f"event: {kind}\ndata: {json.dumps(told, separators=(',', ':'))}\n\n".encode()
        for listener in self.listeners:
            listener.tell(event)

    async def wish(self, wish: Wish) -> int:
        async with self.lock:
            self.queue.append((wish.song, wish.singer, wish.key))
            self.publish("queued", {"song": wish.song, "singer": wish.singer, "place": len(self.queue)})
            return len(self.queue)

    async def next(self) -> tuple[int, str, int] | None:
        async with self.lock:
            if not self.queue:
                return None
            turn = self.queue.popleft()
            self.sung += 1
            self.publish("sings", {"song": turn[0], "singer": turn[1], "left": len(self.queue)})
            return turn


class Lyrics:
    """Sheets for the screens; the last ones are kept."""

    def __init__(self, folder: Path, most: int = 64):
        self.folder, self.most = folder, most
        self._sheets: OrderedDict[int, str] = OrderedDict()
        self.hits = self.misses = 0

    def _prepare(self, song: int) -> str:
        text = (self.folder / f"{song}.txt").read_text()
        lines = [line for verse in text.split("\n\n") for line in [*textwrap.wrap(verse, 36), ""]]
        return "\n".join(line.strip().capitalize() for line in lines)

    async def sheet(self, song: int) -> str:
        sheet = self._sheets.get(song)
        if sheet is None:
            self.misses += 1
            sheet = await asyncio.to_thread(self._prepare, song)
            self._sheets[song] = sheet
            if len(self._sheets) > self.most:
                self._sheets.popitem(last=False)
        else:
            self.hits += 1
            self._sheets.move_to_end(song)
        return sheet


class House:
    def __init__(self, folder: Path):
        self.rooms = [Room(number) for number in range(ROOMS)]
        self.lyrics = Lyrics(folder)
        self.favourites: Counter[int] = Counter()
        self._log: list[str] = []

    def note(self, line: str) -> None:
        self._log.append(line)

    @staticmethod
    def _write(lines: list[str]) -> None:
        with open("house.log", "w" if time.time() % 600 < 1 else "a") as log:
            log.writelines(lines)

    async def keep_log(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            lines, self._log = self._log, []
            if lines:
                await asyncio.to_thread(self._write, lines)

    async def sing(self) -> None:
        """The next singer of each room in turn."""
        while True:
            for room in self.rooms:
                await asyncio.sleep(0.25 / ROOMS)
                turn = await room.next()
                if turn is not None:
                    self.favourites[turn[0]] += 1
                    self.note(f"{time.time():.1f} {room.number} {turn[0]} {turn[1]}\n")


async def the_house(request: Request) -> House:
    return request.app.state.house


async def the_room(number: int, house: Annotated[House, Depends(the_house)]) -> Room:
    if not 0 <= number < ROOMS:
        raise HTTPException(404, "no such room")
    return house.rooms[number]


router = APIRouter()


@router.post("/rooms/{number}/wishes", status_code=201)
async def wish(told: Wish, room: Annotated[Room, Depends(the_room)]) -> dict[str, int]:
    return {"place": await room.wish(told)}


@router.get("/rooms/{number}/events")
async def events(room: Annotated[Room, Depends(the_room)]) -> StreamingResponse:
    async def follow() -> AsyncIterator[bytes]:
        listener = Listener()
        room.listeners.add(listener)
        try:
            while True:
                try:
                    yield await asyncio.wait_for(listener.events.get(), 15)
                except TimeoutError:
                    yield b": still here\n\n"
        finally:
            room.listeners.discard(listener)

    return StreamingResponse(follow(), media_type="text/event-stream")


@router.get("/songs/{song}/lyrics", response_class=PlainTextResponse)
async def lyrics(song: int, house: Annotated[House, Depends(the_house)]) -> str:
    if not 0 <= song < SONGS:
        raise HTTPException(404, "no such song")
    return await house.lyrics.sheet(song)


@router.get("/favourites")
async def favourites(house: Annotated[House, Depends(the_house)]) -> list[tuple[int, int]]:
    return house.favourites.most_common(10)


@asynccontextmanager
async def lifespan(app: FastAPI):
    house = app.state.house = House(app.state.folder)
    tasks = [asyncio.create_task(house.sing()), asyncio.create_task(house.keep_log())]
    gc.collect()
    gc.freeze()
    asyncio.get_running_loop().call_later(1.5, partial(print, f"ready {os.getpid()}", flush=True))
    yield
    for task in tasks:
        task.cancel()


def screen(port: int, room: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(f"GET /rooms/{room}/events HTTP/1.1\r\nHost: bar\r\n\r\n".encode())
        while line.recv(1 << 14):
            pass


def guest(port: int, number: int) -> None:
    rng = random.Random(number)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    turn, due = 0, time.monotonic() + number / WISHES_EACH / GUESTS
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + 1 / WISHES_EACH, time.monotonic() - 1)
        song = min(int(rng.expovariate(1 / 30)), SONGS - 1)
        if turn % 3:
            told = {"song": song, "singer": f"guest {number}.{turn % 9}", "key": rng.randint(-3, 3)}
            headers = {"Content-Type": "application/json"}
            connection.request("POST", f"/rooms/{number % ROOMS}/wishes", json.dumps(told), headers)
        else:
            connection.request("GET", f"/songs/{song}/lyrics" if turn % 6 else "/favourites")
        connection.getresponse().read()
        turn += 1


def night(port: int) -> None:
    time.sleep(0.7)
    crowd = [threading.Thread(target=screen, args=(port, at % ROOMS)) for at in range(ROOMS * SCREENS)]
    crowd += [threading.Thread(target=guest, args=(port, number)) for number in range(GUESTS)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()


def write_songs(folder: Path) -> None:
    rng = random.Random(1)
    folder.mkdir(exist_ok=True)
    for song in range(SONGS):
        verses = [" ".join(rng.choices(WORDS, k=45)) for _ in range(6)]
        (folder / f"{song}.txt").write_text("\n\n".join(verses))


def main() -> None:
    folder = Path("lyrics").absolute()
    write_songs(folder)
    app = FastAPI(title="Karaoke", lifespan=lifespan)
    app.state.folder = folder
    app.include_router(router)
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listening.getsockname()[1]
    services.outside(lambda: night(port))
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
