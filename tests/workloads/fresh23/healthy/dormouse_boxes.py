# bench: healthy
# Nest boxes of hazel dormice: wardens send what they found in the boxes of a wood, many boxes in one letter; licences
# and recorders read a wood's state and single boxes. An event loop over a small pool of database connections; a letter
# is one statement, a wood is one query, notes on woods are kept for a while, and old checks go once in a while.
#
# Measured: 6 % of a core, 128 requests a second, 47 MiB.
import asyncio
import json
import os
import random
import sys
import time
from collections import OrderedDict
from contextlib import suppress

import asyncpg
from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients  # noqa: E402
import services  # noqa: E402

WOODS = 24
BOXES = 40
KEPT = 60  # seconds that a check is kept
FINDINGS = ("empty", "nest", "torpid", "litter", "wood mouse", "blue tit")

SETUP = (
    "create table woods (wood int primary key, name text, licence text, notes text)",
    "create table boxes (box int primary key, wood int references woods, tree text, height real)",
    "create table checks (box int, found text, grams real, at timestamptz default now())",
    "insert into woods select n, 'wood ' || n, 'L-' || n * 7, repeat('coppiced, ', 20) "
    f"from generate_series(0, {WOODS - 1}) n",
    f"insert into boxes select n, n / {BOXES}, (array['hazel', 'oak', 'ash'])[n % 3 + 1], 1.5 "
    f"from generate_series(0, {WOODS * BOXES - 1}) n",
    "insert into checks select n, 'nest', 18, now() from generate_series(0, 959) n",
    "create index on boxes (wood)",
    "create index on checks (box, at)",
    "create index on checks (at)",
    "analyze",
)

STATE = """
select b.box, b.tree, c.found, c.grams
from boxes b
left join lateral (select found, grams from checks where box = b.box order by at desc limit 1) c on true
where b.wood = $1 order by b.box
"""
BOX = """
select b.box, b.tree, b.height, w.name, c.found, c.grams
from boxes b join woods w using (wood)
left join lateral (select found, grams from checks where box = b.box order by at desc limit 3) c on true
where b.box = $1
"""
ADD = "insert into checks (box, found, grams) select * from unnest($1::int[], $2::text[], $3::real[])"


class Notes:
    """What is written about woods: the ones asked for last, for some seconds."""

    def __init__(self, pool: asyncpg.Pool, size: int = 16, seconds: float = 5.0):
        self.pool = pool
        self.size = size
        self.seconds = seconds
        self.known: OrderedDict[int, tuple[float, asyncio.Future]] = OrderedDict()

    async def _fetch(self, wood: int) -> dict:
        row = await self.pool.fetchrow("select name, licence, notes from woods where wood = $1", wood)
        if row is None:
            raise web.HTTPNotFound(text="no such wood")
        return dict(row)

    async def of(self, wood: int) -> dict:
        until, asked = self.known.get(wood, (0.0, None))
        if until < time.monotonic():
            asked = asyncio.ensure_future(self._fetch(wood))
            self.known[wood] = (time.monotonic() + self.seconds, asked)
        self.known.move_to_end(wood)
        while len(self.known) > self.size:
            self.known.popitem(last=False)
        try:
            return await asyncio.shield(asked)
        except Exception:
            self.known.pop(wood, None)
            raise


class Records:
    def __init__(self, pool: asyncpg.Pool):
        self.pool = pool
        self.notes = Notes(pool)

    async def state(self, wood: int) -> dict:
        notes, rows = await asyncio.gather(self.notes.of(wood), self.pool.fetch(STATE, wood))
        found: dict[str, int] = {}
        for row in rows:
            found[row["found"] or "unchecked"] = found.get(row["found"] or "unchecked", 0) + 1
        weights = sorted(row["grams"] for row in rows if row["grams"])
        return {
            **notes,
            "boxes": len(rows),
            "found": found,
            "median": round(weights[len(weights) // 2], 1) if weights else None,
            "occupied": [row["box"] for row in rows if row["found"] in ("nest", "torpid", "litter")],
        }

    async def box(self, number: int) -> list[dict]:
        return [dict(row) for row in await self.pool.fetch(BOX, number)]

    async def add(self, checks: list[dict]) -> int:
        boxes = [int(check["box"]) for check in checks]
        found = [str(check["found"]) for check in checks]
        grams = [float(check.get("grams", 0)) for check in checks]
        await self.pool.execute(ADD, boxes, found, grams)
        return len(checks)

    async def forget(self) -> None:
        """Every few seconds: checks that are old enough to be elsewhere."""
        while True:
            await asyncio.sleep(5)
            with suppress(asyncpg.PostgresError):
                await self.pool.execute("delete from checks where at < now() - make_interval(secs => $1)", float(KEPT))


RECORDS = web.AppKey("records", Records)


async def read_wood(request: web.Request) -> web.Response:
    return web.json_response(await request.app[RECORDS].state(int(request.match_info["wood"])))


async def read_box(request: web.Request) -> web.Response:
    rows = await request.app[RECORDS].box(int(request.match_info["box"]))
    if not rows:
        raise web.HTTPNotFound(text="no such box")
    return web.json_response({"box": rows[0]["box"], "wood": rows[0]["name"], "checks": rows})


async def add_checks(request: web.Request) -> web.Response:
    letter = await request.json()
    if not isinstance(letter.get("checks"), list) or len(letter["checks"]) > 500:
        raise web.HTTPBadRequest(text="a letter has up to 500 checks")
    return web.json_response({"added": await request.app[RECORDS].add(letter["checks"])}, status=201)


async def run(listening_port: int, database: int) -> None:
    pool = await asyncpg.create_pool(host="127.0.0.1", port=database, user="postgres", min_size=4, max_size=6)
    app = web.Application(client_max_size=1 << 20)
    app[RECORDS] = Records(pool)
    app.add_routes(
        [
            web.get(r"/woods/{wood:\d+}", read_wood),
            web.get(r"/boxes/{box:\d+}", read_box),
            web.post("/checks", add_checks),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", listening_port).start()
    forgetting = asyncio.create_task(app[RECORDS].forget())
    await asyncio.sleep(3)
    print(f"ready {os.getpid()}", flush=True)
    await forgetting


def letter(seed: int) -> bytes:
    rng = random.Random(seed)
    boxes = rng.sample(range(WOODS * BOXES), 30)
    checks = [{"box": box, "found": rng.choice(FINDINGS), "grams": round(rng.uniform(9, 32), 1)} for box in boxes]
    return json.dumps({"checks": checks}).encode()


def main() -> None:
    database = services.postgres(*SETUP)
    port = services.free_port()

    def visitors():
        services.wait_for(port)
        clients.come(port, [f"/woods/{n}" for n in range(WOODS)] + [f"/boxes/{n}" for n in range(0, 960, 31)], 120, 8)

    def wardens():
        services.wait_for(port)
        clients.come(port, ["/checks"], 8, 2, body=letter(4))

    services.outside(visitors)
    services.outside(wardens)
    asyncio.run(run(port, database))


if __name__ == "__main__":
    main()
