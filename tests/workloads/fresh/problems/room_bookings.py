# expect: pattern=connection-per-request bench
"""Books rooms over HTTP. Each request opens the database and closes it when it has answered."""

import datetime
import html
import logging
import os
import sys
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import pg8000.native
import services

ROOMS, DAYS = 12, 60
FIRST = datetime.date(2026, 6, 1)
PORT = services.postgres(
    "CREATE TABLE rooms (id int PRIMARY KEY, hotel int, name text, beds int)",
    "CREATE TABLE bookings (room int, first int, nights int)",
    "INSERT INTO rooms SELECT n, n / 12, 'Room ' || n, n % 3 + 1 FROM generate_series(0, 239) n",
    "INSERT INTO bookings SELECT n % 240, n * 31 % 60, n % 3 + 1 FROM generate_series(1, 2400) n",
    "CREATE INDEX ON rooms (hotel)",
    "CREATE INDEX ON bookings (room)",
    "ANALYZE",
)
logging.basicConfig(filename="bookings.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


def opened():
    return pg8000.native.Connection("postgres", host="127.0.0.1", port=PORT, ssl_context=False)  # <- cost


def bookings_of(hotel):
    asked = (
        "SELECT id, name, beds, first, nights FROM rooms LEFT JOIN bookings ON room = id"
        " WHERE hotel = :hotel ORDER BY id, first"
    )
    with closing(opened()) as database:  # <- cost
        return database.run(asked, hotel=hotel)


def calendar(rows):
    """{room: (name, beds, a flag for each day)}"""
    rooms = {}
    for room, name, beds, first, nights in rows:
        _, _, taken = rooms.setdefault(room, (name, beds, [False] * DAYS))
        for day in range(first or 0, min(DAYS, (first or 0) + (nights or 0))):
            taken[day] = True
    return rooms


def page(hotel):
    head = "".join(f"<th>{FIRST + datetime.timedelta(days=day):%d.%m.}</th>" for day in range(DAYS))
    rooms = calendar(bookings_of(hotel))  # <- cost
    rows = []
    for name, beds, taken in rooms.values():
        cells = "".join("<td class=taken></td>" if day else "<td></td>" for day in taken)
        rows.append(f"<tr><th>{html.escape(name)} ({beds})</th>{cells}<td>{DAYS - sum(taken)} free</td></tr>")
    return f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>".encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    pages, told = 0, time.monotonic()

    def do_GET(self):
        body = page(int(self.path.rsplit("/", 1)[1]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        Handler.pages += 1
        if time.monotonic() - Handler.told > 1:
            Handler.told = time.monotonic()
            logging.info("%d pages sent", Handler.pages)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
services.customers(server.server_port, [f"/hotels/{number}" for number in range(20)])
print("ready", os.getpid(), flush=True)
server.serve_forever()
