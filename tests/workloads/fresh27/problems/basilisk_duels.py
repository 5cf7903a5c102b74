# expect: pattern=repeated-query bench
"""Standings of "Basilisk Duels": the pages of each season's leader board, forty duellists a page, with crest and realm.

The standings and the duellists are in PostgreSQL. A duel that ends moves two rows of a season a few times a second.

Measured: a page takes 6.2 ms (median; 95%: 11.6 ms) and the service 0.15 cores; with the twin 2.0 ms (4.8 ms), 0.06 cores.
"""

import asyncio
import os
import random
import sys

import asyncpg
from aiohttp import web

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients  # noqa: E402
import services  # noqa: E402

DUELLISTS = 12000
SEASONS = 6
PAGE = 40
PAGES_PER_SECOND = 55

SETUP = (
    """CREATE TABLE duellists (
        id integer PRIMARY KEY, name text NOT NULL, crest text NOT NULL, realm text NOT NULL, joined date NOT NULL)""",
    f"""INSERT INTO duellists
        SELECT n, 'duellist ' || n, 'crest-' || n * 7919 % 311,
               (ARRAY['fen', 'catacombs', 'salt marsh', 'citadel'])[1 + n % 4], date '2021-03-01' + n % 900
        FROM generate_series(1, {DUELLISTS}) AS n""",
    """CREATE TABLE standings (
        season integer, duellist_id integer REFERENCES duellists, points integer NOT NULL, won integer NOT NULL,
        lost integer NOT NULL, PRIMARY KEY (season, duellist_id))""",
    f"""INSERT INTO standings
        SELECT season, n, (n::bigint * 104729 * season % 50021)::integer, n * 31 % 400, n * 17 % 400
        FROM generate_series(1, {SEASONS}) AS season, generate_series(1, {DUELLISTS}) AS n""",
    "CREATE INDEX standings_by_points ON standings (season, points DESC, duellist_id)",
    "ANALYZE",
)


class Standings:
    def __init__(self, pool):
        self.pool = pool

    async def page(self, season, number):
        async with self.pool.acquire() as db:
            rows = await db.fetch(
                """SELECT duellist_id, points, won, lost FROM standings
                   WHERE season = $1 ORDER BY points DESC, duellist_id LIMIT $2 OFFSET $3""",
                season,
                PAGE,
                number * PAGE,
            )
            board = []
            for place, row in enumerate(rows, number * PAGE + 1):  # <- cost
                duellist = await db.fetchrow(  # <- cost
                    "SELECT name, crest, realm FROM duellists WHERE id = $1",
                    row["duellist_id"],  # <- cost
                )
                board.append(self.line(place, row, duellist))
            return board

    @staticmethod
    def line(place, row, duellist):
        duels = row["won"] + row["lost"]
        return {
            "place": place,
            "name": duellist["name"],
            "crest": f"/crests/{duellist['crest']}.png",
            "realm": duellist["realm"],
            "points": row["points"],
            "won": row["won"],
            "share": round(row["won"] / duels, 3) if duels else None,
        }

    async def duel(self, season, winner, loser):
        async with self.pool.acquire() as db, db.transaction():
            await db.execute(
                "UPDATE standings SET points = points + 3, won = won + 1 WHERE season = $1 AND duellist_id = $2",
                season,
                winner,
            )
            await db.execute(
                "UPDATE standings SET lost = lost + 1 WHERE season = $1 AND duellist_id = $2", season, loser
            )


async def board(request):
    try:
        season, number = int(request.match_info["season"]), int(request.query.get("page", 0))
    except ValueError:
        raise web.HTTPBadRequest from None
    if not (1 <= season <= SEASONS and 0 <= number < 50):
        raise web.HTTPNotFound
    rows = await request.app["standings"].page(season, number)
    return web.json_response({"season": season, "page": number, "board": rows})


async def fight(standings):
    while True:
        await asyncio.sleep(0.4)
        winner, loser = random.sample(range(1, DUELLISTS + 1), 2)
        await standings.duel(random.randint(1, SEASONS), winner, loser)


async def main(database, port):
    pool = await asyncpg.create_pool(
        host="127.0.0.1", port=database, user="postgres", database="postgres", min_size=4, max_size=4
    )
    app = web.Application()
    app["standings"] = Standings(pool)
    app.router.add_get("/seasons/{season}/board", board)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    fights = asyncio.create_task(fight(app["standings"]))
    await asyncio.sleep(2)
    print("ready", os.getpid(), flush=True)
    await fights


if __name__ == "__main__":
    database, port = services.postgres(*SETUP), services.free_port()
    paths = [f"/seasons/{season}/board?page={page}" for season in range(1, SEASONS + 1) for page in range(8)]
    services.outside(lambda: clients.come(port, paths, PAGES_PER_SECOND, workers=6))
    asyncio.run(main(database, port))
