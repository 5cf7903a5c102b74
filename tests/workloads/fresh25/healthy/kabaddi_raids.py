# bench: healthy
"""Kabaddi players wear sensors: each team's box sends the pulse and the accelerations of its players, one sample a
line, and this program keeps the samples of the last half minute in PostgreSQL and the strain of each raid for the
coaches.

A stream (asyncio, asyncpg). Looks costly, and is as it should be: lines are taken in the pieces in which they come;
rows are written with COPY, in batches of up to 6,000 or each half a second; the queue between is bounded and holds up
the boxes when the database lags; old rows go every ten seconds by an index.

Measured: 11,000 samples a second, 0.04 cores; some 20 MiB in the table.
"""

import asyncio
import os
import random
import shutil
import signal
import socket
import sys
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import asyncpg

import services

TEAMS = 8
PLAYERS = 7
SAMPLES_A_SECOND = 200  # of each player
BATCH, LINGER = 6000, 0.5
COLUMNS = ("team", "player", "at_ms", "pulse", "ax", "ay", "az")

SETUP = (
    "CREATE TABLE sample (team int NOT NULL, player int NOT NULL, at_ms bigint NOT NULL, pulse smallint NOT NULL,"
    " ax real NOT NULL, ay real NOT NULL, az real NOT NULL)",
    "CREATE INDEX ON sample (at_ms)",
    "CREATE TABLE raid (team int NOT NULL, player int NOT NULL, began_ms bigint NOT NULL, strain real NOT NULL,"
    " pulse smallint NOT NULL, PRIMARY KEY (team, player))",
)


@dataclass(slots=True)
class Raid:
    """What a player does between two rests."""

    began: int
    strain: float = 0.0
    pulse: int = 0


class Raids:
    REST = 1.6  # g

    def __init__(self):
        self.running: dict[tuple[int, int], Raid] = {}
        self.ended: deque[tuple] = deque(maxlen=400)

    def add(self, row: tuple) -> None:
        team, player, at, pulse, ax, ay, az = row
        force = (ax * ax + ay * ay + az * az) ** 0.5
        raid = self.running.get((team, player))
        if force < self.REST:
            if raid and at - raid.began > 400:
                self.ended.append((team, player, raid.began, raid.strain, raid.pulse))
            if raid:
                del self.running[team, player]
            return
        if raid is None:
            raid = self.running[team, player] = Raid(at)
        raid.strain += force - self.REST
        raid.pulse = max(raid.pulse, pulse)


def parse(line: bytes) -> tuple:
    team, player, at, pulse, ax, ay, az = line.split(b",")
    return int(team), int(player), int(at), int(pulse), float(ax), float(ay), float(az)


class Boxes:
    """Takes the lines of the teams' boxes."""

    def __init__(self, queue: asyncio.Queue, raids: Raids):
        self.queue, self.raids = queue, raids
        self.bad = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rest = b""
        try:
            while piece := await reader.read(1 << 16):
                *lines, rest = (rest + piece).split(b"\n")
                rows = []
                for line in lines:
                    try:
                        rows.append(parse(line))
                    except ValueError:
                        self.bad += 1
                        continue
                    self.raids.add(rows[-1])
                if rows:
                    await self.queue.put(rows)
        finally:
            writer.close()


class Recorder:
    def __init__(self, pool: asyncpg.Pool, queue: asyncio.Queue, raids: Raids):
        self.pool, self.queue, self.raids = pool, queue, raids
        self.written = 0

    async def gather(self) -> list[tuple]:
        """What has come until a batch is full, or lingered long enough."""
        rows = list(await self.queue.get())
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while len(rows) < BATCH:
                    rows.extend(await self.queue.get())
        return rows

    async def record(self) -> None:
        while True:
            rows = await self.gather()
            async with self.pool.acquire() as connection, connection.transaction():
                await connection.copy_records_to_table("sample", records=rows, columns=COLUMNS)
                if self.raids.ended:
                    latest = {(raid[0], raid[1]): raid for raid in self.raids.ended}
                    self.raids.ended.clear()
                    await connection.executemany(
                        "INSERT INTO raid VALUES ($1, $2, $3, $4, $5) ON CONFLICT (team, player) DO UPDATE SET"
                        " began_ms = excluded.began_ms, strain = excluded.strain, pulse = excluded.pulse",
                        list(latest.values()),
                    )
            self.written += len(rows)

    async def forget(self, kept: float = 20.0) -> None:
        while True:
            await asyncio.sleep(10)
            await self.pool.execute("DELETE FROM sample WHERE at_ms < $1", int((time.time() - kept) * 1000))


def box(port: int, team: int) -> None:
    """Sends what its players' sensors measured, ten times a second."""
    line, due, raider = socket.create_connection(("127.0.0.1", port)), time.monotonic() + team / TEAMS / 10, 0
    tails = [
        [f"{random.gauss(0, spread):.2f},{random.gauss(0, spread):.2f},1.0" for _ in range(200)] for spread in (0.3, 4)
    ]
    for number in range(1 << 40):
        if number % 25 == 0:
            raider = random.randrange(PLAYERS * 2)
        now, lines = int(time.time() * 1000), []
        for at in range(SAMPLES_A_SECOND // 10):
            for player in range(PLAYERS):
                tail = random.choice(tails[player == raider])
                lines.append(f"{team},{player},{now + at * 5},{90 + 60 * (player == raider)},{tail}\n")
        line.sendall("".join(lines).encode())
        due += 0.1
        time.sleep(max(0.0, due - time.monotonic()))


def database() -> int:
    """Its folder belongs to the account that the server runs as."""
    os.mkdir("database")
    if os.geteuid() == 0:
        os.chmod(".", 0o711)
        shutil.chown("database", "postgres")
    return services.postgres(*SETUP)


async def serve(listener: socket.socket, database_port: int) -> None:
    queue, raids, stop = asyncio.Queue(maxsize=64), Raids(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with asyncpg.create_pool(
        host="127.0.0.1", port=database_port, user="postgres", database="postgres", min_size=2, max_size=4
    ) as pool:
        boxes, recorder = Boxes(queue, raids), Recorder(pool, queue, raids)
        work = [asyncio.create_task(recorder.record()), asyncio.create_task(recorder.forget())]
        await asyncio.start_server(boxes.take, sock=listener)
        await asyncio.sleep(2)
        print(f"ready {os.getpid()}", flush=True)
        await stop.wait()
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)


def main() -> None:
    database_port = database()
    listener = socket.create_server(("127.0.0.1", 0))
    for team in range(TEAMS):
        services.outside(lambda team=team: box(listener.getsockname()[1], team))
    asyncio.run(serve(listener, database_port))


if __name__ == "__main__":
    main()
