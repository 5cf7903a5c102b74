# expect: pattern=connection-per-request bench
"""Swan upping: the boats of the swan uppers look a swan up by its bill mark, with its family and the reach of the river
where it was weighed, and note new weights. A threaded service on PostgreSQL with psycopg.

Measured: a card takes 27 ms (mean) with three connections to the database, some 60 a second in all; in the twin
2.9 ms. 5.5 % of a core, without what the database takes for its processes; in the twin 1.6 %.
"""

import contextlib
import http.client
import json
import os
import random
import re
import shutil
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg
from psycopg.rows import dict_row

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients  # noqa: E402
import services  # noqa: E402

SWANS = 4000
REACHES = 60
BOATS = 6
LOOKUPS_A_SECOND = 21

SETUP = (
    "CREATE TABLE reach (id int PRIMARY KEY, name text NOT NULL, lock_keeper text NOT NULL)",
    "CREATE TABLE swan (id int PRIMARY KEY, mark text NOT NULL UNIQUE, reach_id int NOT NULL REFERENCES reach,"
    " cob_id int, pen_id int, hatched int NOT NULL, owner text NOT NULL)",
    "CREATE TABLE weighing (swan_id int NOT NULL REFERENCES swan, season int NOT NULL, grams int NOT NULL,"
    " PRIMARY KEY (swan_id, season))",
    f"INSERT INTO reach SELECT n, 'Reach ' || n, 'Keeper ' || n % 17 FROM generate_series(1, {REACHES}) n",
    f"INSERT INTO swan SELECT n, 'V' || n, n % {REACHES} + 1, CASE WHEN n > 100 THEN n / 3 END,"
    " CASE WHEN n > 100 THEN n / 3 + 1 END, 2005 + n % 19, (ARRAY['Crown','Vintners','Dyers'])[n % 3 + 1]"
    f" FROM generate_series(1, {SWANS}) n",
    "INSERT INTO weighing SELECT id, season, 6000 + (id * 31 + season * 7) % 6000 FROM swan,"
    " generate_series(2019, 2023) season",
    "CREATE INDEX swan_cob ON swan (cob_id)",
    "ANALYZE",
)


class Unknown(LookupError):
    pass


@dataclass(frozen=True)
class Settings:
    dsn: str
    season: int = 2024


class Database:
    """Where the repositories get a connection from."""

    def __init__(self, settings):
        self.settings = settings

    @contextlib.contextmanager
    def connection(self):
        connection = psycopg.connect(self.settings.dsn, autocommit=True, row_factory=dict_row)  # <- cost
        try:
            yield connection
        finally:
            connection.close()


class SwanRepository:
    def __init__(self, database):
        self.database = database

    def by_mark(self, mark):
        with self.database.connection() as connection:  # <- cost
            found = connection.execute(
                "SELECT swan.id, mark, hatched, owner, cob_id, reach.name AS reach, lock_keeper"
                " FROM swan JOIN reach ON reach.id = reach_id WHERE mark = %s",
                (mark,),
            ).fetchone()
        if found is None:
            raise Unknown(mark)
        return found

    def family(self, swan):
        with self.database.connection() as connection:  # <- cost
            asked = "SELECT mark, hatched FROM swan WHERE cob_id = %s OR id = %s ORDER BY hatched, mark LIMIT 12"
            return connection.execute(asked, (swan["id"], swan["cob_id"])).fetchall()


class Weighings:
    def __init__(self, database, season):
        self.database = database
        self.season = season

    def of(self, swan):
        with self.database.connection() as connection:  # <- cost
            asked = "SELECT season, grams FROM weighing WHERE swan_id = %s ORDER BY season DESC LIMIT 6"
            return connection.execute(asked, (swan["id"],)).fetchall()

    def note(self, swan, grams):
        if not 200 < grams < 16000:
            raise ValueError(f"{grams} grams")
        with self.database.connection() as connection:
            connection.execute(
                "INSERT INTO weighing VALUES (%s, %s, %s)"
                " ON CONFLICT (swan_id, season) DO UPDATE SET grams = excluded.grams",
                (swan["id"], self.season, grams),
            )


class Health:
    """How a swan stands against its own past."""

    limits = ((1.05, "thriving"), (0.95, "steady"), (0.85, "watch"), (0.0, "call the warden"))

    def word(self, weighings):
        if len(weighings) < 2:
            return "new"
        last, *before = (row["grams"] for row in weighings)
        ratio = last / (sum(before) / len(before))
        return next(word for limit, word in self.limits if ratio >= limit)


class Upping:
    """What the boats may ask."""

    def __init__(self, settings):
        database = Database(settings)
        self.swans = SwanRepository(database)
        self.weighings = Weighings(database, settings.season)
        self.health = Health()
        self.recent = deque(maxlen=100)

    def card(self, mark):
        swan = self.swans.by_mark(mark)
        weighings = self.weighings.of(swan)
        self.recent.append(mark)
        return {
            "mark": mark,
            "owner": swan["owner"],
            "reach": f"{swan['reach']} ({swan['lock_keeper']})",
            "family": [f"{one['mark']} ({one['hatched']})" for one in self.swans.family(swan)],
            "grams": {row["season"]: row["grams"] for row in weighings},
            "health": self.health.word(weighings),
        }

    def weigh(self, mark, told):
        swan = self.swans.by_mark(mark)
        self.weighings.note(swan, int(told["grams"]))
        return {"mark": mark, "noted": True}


class Boat(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    upping = None
    swan = re.compile(r"/swans/(V\d+)")

    def do_GET(self):
        self.answer(lambda mark, _: self.upping.card(mark))

    def do_POST(self):
        self.answer(lambda mark, body: self.upping.weigh(mark, json.loads(body)))

    def answer(self, ask):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            asked = self.swan.fullmatch(self.path)
            if not asked:
                raise Unknown(self.path)
            self.reply(200, ask(asked[1], body))
        except Unknown as error:
            self.reply(404, {"unknown": str(error)})
        except (ValueError, KeyError) as error:
            self.reply(400, {"error": str(error)})
        except psycopg.OperationalError as error:
            self.reply(503, {"error": str(error)})

    def reply(self, status, answer):
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def boats(port):
    def row(number):
        rng = random.Random(number)
        connection = http.client.HTTPConnection("127.0.0.1", port)
        due = time.monotonic() + number / LOOKUPS_A_SECOND
        for at in range(1 << 40):
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + BOATS / LOOKUPS_A_SECOND, time.monotonic() - 1)
            path = f"/swans/V{rng.randrange(1, SWANS)}"
            if at % 10 == 9:
                connection.request("POST", path, json.dumps({"grams": rng.randrange(5000, 14000)}))
            else:
                connection.request("GET", path)
            connection.getresponse().read()

    clients.crowd(row, BOATS)


def database():
    """Its folder belongs to the account that the server runs as."""
    os.mkdir("database")
    if os.geteuid() == 0:
        os.chmod(".", 0o711)
        shutil.chown("database", "postgres")
    return services.postgres(*SETUP)


def main():
    settings = Settings(f"host=127.0.0.1 port={database()} user=postgres dbname=postgres")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Boat)
    server.daemon_threads = True
    services.outside(lambda: boats(server.server_port))
    Boat.upping = Upping(settings)
    threading.Timer(1.5, lambda: print(f"ready {os.getpid()}", flush=True)).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
