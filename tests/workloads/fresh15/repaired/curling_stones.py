# expect: healthy bench
"""Takes the stones of a curling bonspiel: a sensor in each handle sends how a stone went (speed, curl, end), and each
throw is judged by the federation's line service (HTTPS), which says whether it crossed the hog line in time. Four
judges work the throws off; the sheets' standings are kept.

Measured: a throw in 4.0 to 4.9 ms, in the twin in 1.0 ms; 40 throws a second in both; 0.093 of a core, in the twin
0.024.
"""

import http.client
import json
import os
import queue
import random
import ssl
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import services

SHEETS = 8
JUDGES = 4
THROWS_A_SECOND = 40

# The federation's test certificate, for 127.0.0.1.
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1AI4evxu1+EEISDv
hffWG+XE8MKOFGipR2wn3T9LzaShRANCAATkS4VlsR9c6O8p4S9GFnzFNujPuXZv
1gycCY6pGdox5vg2cwjlz5EyK6FhD7K8A4Jp3+mY1/p4vkkfnUi3m3BD
-----END PRIVATE KEY-----
"""
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBaDCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjA5OTEyMzEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABORLhWWxH1zo7ynh
L0YWfMU26M+5dm/WDJwJjqkZ2jHm+DZzCOXPkTIroWEPsrwDgmnf6ZjX+ni+SR+d
SLebcEOjTjBMMBoGA1UdEQQTMBGHBH8AAAGCCWxvY2FsaG9zdDAPBgNVHRMBAf8E
BTADAQH/MB0GA1UdDgQWBBQYcUjF/apD2AJUiFcZjQ6lZvMHFzAKBggqhkjOPQQD
AgNJADBGAiEA42qsNdcGuMGm4hG5N6R9yd4/pj4ib8zMHLXlVhbKL4sCIQC2DQdd
wa70OCLbGYt15GJzMVAZDEUORDtnY886ZGxmRA==
-----END CERTIFICATE-----
"""


class LineService:
    """The federation's judgement of a throw; each judge keeps a connection."""

    def __init__(self, port, context, timeout=5):
        self.port = port
        self.context = context
        self.timeout = timeout
        self.kept = threading.local()

    def judge(self, throw):
        path = f"/judge/{throw.sheet}/{throw.end}/{throw.millimetres}"
        return self._get(path)

    def _get(self, path):
        connection = self._connection()
        try:
            connection.request("GET", path, headers={"Accept": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as wrong:
            connection.close()  # the next request opens it anew
            raise ConnectionError(f"line service: {wrong}") from wrong
        if answer.status != 200:
            raise ConnectionError(f"line service: {answer.status}")
        return json.loads(body)

    def _connection(self):
        if not hasattr(self.kept, "connection"):
            self.kept.connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=self.timeout, context=self.context
            )
        return self.kept.connection


class Throw:
    __slots__ = ("sheet", "end", "stone", "millimetres")

    def __init__(self, sheet, end, stone, millimetres):
        self.sheet = sheet
        self.end = end
        self.stone = stone
        self.millimetres = millimetres


class Standings:
    """What lies in the house of each sheet, and how many throws were void."""

    def __init__(self):
        self.lock = threading.Lock()
        self.houses = [{} for _ in range(SHEETS)]
        self.judged = 0
        self.void = 0
        self.failed = 0
        self.seconds = 0.0

    def put(self, throw, judgement, seconds):
        with self.lock:
            self.judged += 1
            self.seconds += seconds
            if judgement["void"]:
                self.void += 1
            else:
                self.houses[throw.sheet][throw.stone] = judgement["distance"]

    def missed(self):
        with self.lock:
            self.failed += 1

    def nearest(self, sheet):
        with self.lock:
            house = self.houses[sheet]
            return min(house, key=house.get, default=None)

    def told(self):
        with self.lock:
            each = 1000 * self.seconds / max(1, self.judged)
            return f"{self.judged} throws, {each:.1f} ms each, {self.void} void, {self.failed} failed"


class Judge(threading.Thread):
    def __init__(self, throws, service, standings):
        super().__init__(daemon=True)
        self.throws = throws
        self.service = service
        self.standings = standings

    def run(self):
        while True:
            throw = self.throws.get()
            began = time.perf_counter()
            try:
                judgement = self.service.judge(throw)
            except OSError:
                self.standings.missed()
                continue
            self.standings.put(throw, judgement, time.perf_counter() - began)


class Handles(threading.Thread):
    """The stones' handles, at a steady rate."""

    def __init__(self, throws):
        super().__init__(daemon=True)
        self.throws = throws
        self.drawn = random.Random(17)

    def run(self):
        due = time.monotonic()
        number = 0
        while True:
            throw = Throw(number % SHEETS, number // (SHEETS * 16) % 10, number % 16, self.drawn.randrange(40000))
            self.throws.put(throw)
            number += 1
            due += 1 / THROWS_A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))


def judged(path):
    """What the federation's service answers."""
    *_, millimetres = path.split("/")
    distance = abs(int(millimetres) - 36000) / 1000
    return json.dumps({"void": int(millimetres) % 19 == 0, "distance": distance}).encode()


def contexts():
    Path("line.pem").write_text(KEY + CERTIFICATE)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain("line.pem")
    asking = ssl.create_default_context(cadata=CERTIFICATE)
    return serving, asking


def main():
    serving, asking = contexts()
    port = services.http_service(judged, context=serving)
    throws = queue.Queue(maxsize=400)
    standings = Standings()
    service = LineService(port, asking)
    for _ in range(JUDGES):
        Judge(throws, service, standings).start()
    Handles(throws).start()
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(5)
        if os.environ.get("FIGURES"):
            print(standings.told(), [standings.nearest(sheet) for sheet in range(2)], file=sys.stderr)


if __name__ == "__main__":
    main()
