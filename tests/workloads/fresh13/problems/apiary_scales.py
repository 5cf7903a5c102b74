# expect: pattern=chatty-protocol bench
"""Yard sheets of a beekeepers' association: scales and probes under the hives report to Redis, and keepers open the sheet
of a yard on their telephone: one row for each hive with its gain, its brood temperature and whether it is about to swarm.

Measured: a sheet takes 240 HGETs, 330 to 690 ms (0.19 of a core) on a crowded machine; its twin, which reads a yard in one
pipeline, 2 to 18 ms (0.03 of a core), for the same customers.
"""

import json
import os
import random
import statistics
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import redis

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

YARDS = 6
HIVES_PER_YARD = 40


class Live:
    """An attribute of a hive that is kept in its hash."""

    def __init__(self, cast, default=0):
        self.cast = cast
        self.default = default
        self.field = ""

    def __set_name__(self, owner, name):
        self.field = name

    def __get__(self, hive, owner=None):
        if hive is None:
            return self
        raw = hive.store.hget(hive.key, self.field)  # <- cost
        return self.default if raw is None else self.cast(raw)


class Hive:
    weight = Live(int)
    weight_at_dawn = Live(int)
    brood = Live(float, 34.5)
    humidity = Live(int, 60)
    hum = Live(int)
    queen_year = Live(int)

    def __init__(self, store, yard, number):
        self.store = store
        self.key = f"hive:{yard}:{number}"
        self.number = number

    @property
    def gain(self):
        return self.weight - self.weight_at_dawn

    def swarm_risk(self, season):
        """0 to 3: old queens in crowded, warm hives that hum low are about to leave."""
        risk = 1 if season - self.queen_year >= 2 else 0
        if self.brood > 35.2:
            risk += 1
        return risk + (1 if 190 < self.hum < 240 else 0)


class Yard:
    def __init__(self, store, number):
        self.number = number
        self.store = store
        self.hives = [Hive(store, number, at) for at in range(HIVES_PER_YARD)]

    def rows(self, season):
        for hive in self.hives:
            gain = hive.gain
            damp = hive.humidity > 78
            yield {"hive": hive.number, "gain": gain, "damp": damp, "risk": hive.swarm_risk(season)}

    def sheet(self, season):
        rows = list(self.rows(season))
        gains = [row["gain"] for row in rows]
        middle, spread = statistics.median(gains), statistics.pstdev(gains)
        for row in rows:
            row["outlier"] = abs(row["gain"] - middle) > 2 * spread
        rows.sort(key=lambda row: (-row["risk"], row["hive"]))
        return {"yard": self.number, "median": middle, "spread": round(spread, 1), "rows": rows}


class Probes(threading.Thread):
    """What the gateway of the probes does: it stores one round of readings a second."""

    def __init__(self, store):
        super().__init__(daemon=True)
        self.store = store
        self.weights = {(y, h): random.randint(21000, 52000) for y in range(YARDS) for h in range(HIVES_PER_YARD)}
        self.save(first=True)

    def save(self, first=False):
        with self.store.pipeline(transaction=False) as pipe:
            for (yard, number), weight in self.weights.items():
                told = {"weight": weight, "brood": round(random.gauss(34.8, 0.4), 2)}
                if first:
                    told |= {"weight_at_dawn": weight, "queen_year": random.randint(2021, 2025)}
                told |= {"humidity": random.randint(50, 85), "hum": random.randint(150, 300)}
                pipe.hset(f"hive:{yard}:{number}", mapping=told)
            pipe.execute()

    def run(self):
        while True:
            time.sleep(1)
            for hive in self.weights:
                self.weights[hive] += random.randint(-40, 70)
            self.save()


class Sheets(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    yards: dict = {}

    def do_GET(self):
        try:
            yard = self.yards[int(self.path.rpartition("/")[2])]
        except (ValueError, KeyError):
            self.send_error(404)
            return
        body = json.dumps(yard.sheet(2025)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    store = redis.Redis(port=services.redis())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sheets)
    paths = [f"/yards/{number}" for number in range(YARDS)]
    services.outside(lambda: clients.come(server.server_port, paths, 14, 3))
    Probes(store).start()
    Sheets.yards = {number: Yard(store, number) for number in range(YARDS)}
    threading.Timer(0.5, lambda: print("ready", os.getpid(), flush=True)).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
