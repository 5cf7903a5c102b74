# expect: healthy bench
"""Charges demurrage for railway wagons: whenever a siding hands a wagon back, its number comes through Redis; where the
wagon stood in the last weeks is taken from PostgreSQL, and the days beyond the free ones are put on a bill.

Measured: a wagon takes 4.5 ms, in the problem 95.
"""

import json
import os
import random
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from redis import Redis
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    insert,
    select,
)

sys.path.append(str(Path(__file__).parents[2]))
import services

WAGONS, SIGHTINGS = 3000, 400_000
TODAY = datetime(2024, 6, 28)
SETUP = (
    "ALTER DATABASE postgres SET max_parallel_workers_per_gather = 0",
    "CREATE TABLE sighting (id bigint PRIMARY KEY, wagon text NOT NULL, place text NOT NULL, seen timestamp NOT NULL)",
    f"""INSERT INTO sighting
        SELECT n, format('3180 %s %s', lpad((n * 7919 % {WAGONS})::text, 4, '0'), n * 7919 % {WAGONS} % 10),
               'siding ' || n % 61, timestamp '2024-06-28' - make_interval(mins => (({SIGHTINGS} - n) / 10)::int)
        FROM generate_series(1::bigint, {SIGHTINGS}) AS n""",
    "CREATE INDEX sighting_wagon ON sighting (wagon, seen)",
    "CREATE TABLE bill (id serial PRIMARY KEY, wagon text, siding text, days int, cents bigint, made timestamp)",
    "ANALYZE sighting",
)

tables = MetaData()
sighting = Table(
    "sighting",
    tables,
    Column("id", BigInteger, primary_key=True),
    Column("wagon", String),
    Column("place", String),
    Column("seen", DateTime),
)
bill = Table(
    "bill",
    tables,
    Column("id", Integer, primary_key=True),
    Column("wagon", String),
    Column("siding", String),
    Column("days", Integer),
    Column("cents", BigInteger),
    Column("made", DateTime),
)


@dataclass(frozen=True)
class Stay:
    place: str
    since: datetime
    until: datetime

    @property
    def days(self) -> int:
        return max(1, (self.until - self.since).days)


@dataclass(frozen=True)
class Tariff:
    free: int = 2
    steps: tuple[tuple[int, int], ...] = ((3, 2400), (7, 4100), (1 << 30, 6800))

    def cents(self, days: int) -> int:
        owed, left = 0, max(0, days - self.free)
        for span, rate in self.steps:
            taken = min(left, span)
            owed, left = owed + taken * rate, left - taken
        return owed


class Sightings:
    """Where wagons were seen. Sidings write a wagon's number as they like; it is kept as on the wagon: 3180 0123 4."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, number: str, since: datetime) -> list[tuple[str, datetime]]:
        plain = number.replace(" ", "").replace("-", "")
        written = f"{plain[:4]} {plain[4:8]} {plain[8:]}"
        query = (
            select(sighting.c.place, sighting.c.seen)
            .where(sighting.c.wagon == written, sighting.c.seen >= since)
            .order_by(sighting.c.seen)
        )
        with self._engine.connect() as connection:
            return [(place, seen) for place, seen in connection.execute(query)]


def stays(seen: list[tuple[str, datetime]]) -> list[Stay]:
    """Runs of sightings at the same place; a wagon that is not seen elsewhere stands there."""
    found: list[Stay] = []
    for place, when in seen:
        if found and found[-1].place == place:
            found[-1] = Stay(place, found[-1].since, when)
        else:
            if found:
                found[-1] = Stay(found[-1].place, found[-1].since, when)
            found.append(Stay(place, when, when))
    return found


class Clerk:
    def __init__(self, engine: Engine, queue: Redis) -> None:
        self._engine, self._queue = engine, queue
        self._sightings = Sightings(engine)
        self._tariff = Tariff()
        self.made = 0

    def charge(self, number: str, siding: str) -> None:
        seen = self._sightings.of(number, TODAY - timedelta(weeks=3))
        at_siding = [stay for stay in stays(seen) if stay.place == siding]
        days = sum(stay.days for stay in at_siding)
        row = {"wagon": number, "siding": siding, "days": days, "cents": self._tariff.cents(days), "made": TODAY}
        with self._engine.begin() as connection:
            connection.execute(insert(bill).values(row))
        self.made += 1

    def work(self) -> None:
        while True:
            _, message = self._queue.brpop("returned")
            returned = json.loads(message)
            self.charge(returned["wagon"], returned["siding"])


def hand_back(port: int) -> None:
    """What the sidings report: about six wagons a second."""
    queue, chance = Redis(port=port), random.Random(4)
    due = time.monotonic()
    while True:
        wagon, separator = chance.randrange(WAGONS), chance.choice((" ", "-", ""))
        number = separator.join(("3180", f"{wagon:04}", str(wagon % 10)))
        message = {"wagon": number, "siding": f"siding {chance.randrange(61)}"}
        if queue.llen("returned") < 50:
            queue.lpush("returned", json.dumps(message))
        due += 1 / 6
        time.sleep(max(0.0, due - time.monotonic()))


def main() -> None:
    database = services.postgres(*SETUP)
    redis = services.redis()
    engine = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{database}/postgres", pool_size=2)
    services.outside(lambda: hand_back(redis))
    print("ready", os.getpid(), flush=True)
    Clerk(engine, Redis(port=redis)).work()


if __name__ == "__main__":
    main()
