# expect: pattern=lock-contention bench
# Night planner of a dark-sky reserve: visitors and wardens ask over HTTP how dark a place is on a night; the sheets of
# moon and twilight come from an almanac office (HTTP, 10 ms) and the newest-used ones are kept.
# Measured: a quarter of the questions needs a sheet that is not there, and all twelve visitors wait while it is fetched:
# an answer takes 16 to 27 ms in the middle (twin: 1 ms when the sheet is there, 11 ms when not).
import http.client
import json
import math
import os
import sys
import threading
import time
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import customers, http_service

PLACES = {
    name: (52.0 + n * 0.13, -3.2 + n * 0.07) for n, name in enumerate("tarn ridge moor gorge fell barrow".split())
}
NIGHTS = 40
SHEETS_KEPT = 180


def almanac_sheet(path):
    """The almanac office: moon altitude and sun depression for each quarter of an hour of a night."""
    _, _, place, night = path.split("/")
    latitude, _ = PLACES[place]
    time.sleep(0.010)
    quarters = []
    for quarter in range(0, 64):
        hour = quarter / 4.0
        moon = math.sin((hour - 3 + int(night) * 0.8) / 24 * 2 * math.pi) * (90 - latitude)
        sun = -18 * math.sin(hour / 16 * math.pi) - 4
        quarters.append((round(moon, 2), round(sun, 2)))
    return json.dumps({"place": place, "night": int(night), "quarters": quarters}).encode()


class AlmanacClient:
    def __init__(self, port):
        self.port = port
        self.local = threading.local()

    def fetch(self, place, night):
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = self.local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", f"/sheet/{place}/{night}")
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"almanac office: {response.status}")
        return json.loads(body)


class NightSheets:
    """Sheets by place and night; the least recently used ones go first."""

    def __init__(self, almanac, kept=SHEETS_KEPT):
        self.almanac = almanac
        self.kept = kept
        self.sheets = OrderedDict()
        self.lock = threading.Lock()
        self.hits = 0
        self.misses = 0

    def sheet(self, place, night):
        key = (place, night)
        with self.lock:  # <- cost
            sheet = self.sheets.get(key)
            if sheet is not None:
                self.sheets.move_to_end(key)
                self.hits += 1
                return sheet
            self.misses += 1
            sheet = DarkSheet(self.almanac.fetch(place, night))  # <- cost
            self.sheets[key] = sheet
            while len(self.sheets) > self.kept:
                self.sheets.popitem(last=False)
            return sheet


class DarkSheet:
    """What is told of one night: the dark spans and the best hour."""

    def __init__(self, raw):
        self.place = raw["place"]
        self.night = raw["night"]
        dark = [sun < -12 and moon < 0 for moon, sun in raw["quarters"]]
        self.spans = []
        start = None
        for quarter, is_dark in enumerate([*dark, False]):
            if is_dark and start is None:
                start = quarter
            elif not is_dark and start is not None:
                self.spans.append((start / 4, quarter / 4))
                start = None
        self.best = min(range(len(dark)), key=lambda q: raw["quarters"][q][1] + max(raw["quarters"][q][0], 0)) / 4

    def text(self):
        spans = [{"from": clock(begin), "to": clock(end)} for begin, end in self.spans]
        return json.dumps({"place": self.place, "night": self.night, "dark": spans, "best": clock(self.best)}).encode()


def clock(hours):
    minutes = int(hours * 60) + 18 * 60
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


class Planner(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    sheets: NightSheets

    def do_GET(self):
        try:
            _, _, place, night = self.path.split("/")
            if place not in PLACES or not 0 <= int(night) < NIGHTS:
                raise ValueError(self.path)
            status, body = 200, self.sheets.sheet(place, int(night)).text()
        except ValueError:
            status, body = 404, b'{"error": "no such place or night"}'
        except (RuntimeError, OSError, http.client.HTTPException):
            status, body = 502, b'{"error": "almanac office not reached"}'
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class PlannerServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def main():
    office = http_service(almanac_sheet)
    sheets = NightSheets(AlmanacClient(office))
    nights = [(place, night) for night in range(NIGHTS) for place in PLACES]
    for place, night in nights[:SHEETS_KEPT]:
        sheets.sheet(place, night)
    Planner.sheets = sheets
    server = PlannerServer(("127.0.0.1", 0), Planner)
    paths = [f"/dark/{place}/{night}" for place, night in nights]
    customers(server.server_port, paths, number=12, pause=0.03)
    threading.Timer(1.5, lambda: print("ready", flush=True)).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
