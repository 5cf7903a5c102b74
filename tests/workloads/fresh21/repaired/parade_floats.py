# expect: healthy bench
"""The control room of a carnival parade: marshals along the route report each float that passes them, and are told
what to radio to its driver, so that the gap to the float ahead neither closes nor tears.

A threaded TCP server that keeps the passages in PostgreSQL (psycopg); each marshal holds one line open all day.

Measured: 40 reports a second in both; one is answered in 5.1 ms (median; the mean is 6.0), in the twin in 1.1 ms (1.5);
0.05 of a core and a new server process for each, in the twin 0.02.
"""

import json
import logging
import os
import random
import socket
import socketserver
import sys
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import psycopg
from psycopg.rows import dict_row

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services  # noqa: E402

log = logging.getLogger("parade_floats")

FLOATS = 60
MARSHALS = 8
REPORTS_A_SECOND = 40
WANTED_GAP = 45.0  # seconds

SCHEMA = [
    """CREATE TABLE floats (
        place integer PRIMARY KEY,
        guild text NOT NULL,
        metres real NOT NULL,
        brass boolean NOT NULL
    )""",
    f"""INSERT INTO floats
        SELECT n, 'guild ' || n, 8 + n % 9, n % 4 = 0 FROM generate_series(1, {FLOATS}) n""",
    """CREATE TABLE passages (
        marshal integer NOT NULL,
        place integer NOT NULL REFERENCES floats,
        at timestamptz NOT NULL,
        crowd smallint NOT NULL,
        PRIMARY KEY (marshal, place)
    ) WITH (fillfactor = 50)""",
    f"""INSERT INTO passages
        SELECT marshal, place, now() - interval '1 minute' * ({FLOATS} - place), 1
        FROM generate_series(1, {MARSHALS}) marshal, generate_series(1, {FLOATS}) place""",
    "ANALYZE",
]

AHEAD = """
    SELECT f.place, f.guild, f.metres, f.brass, a.at
    FROM floats f LEFT JOIN passages a ON a.place = f.place - 1 AND a.marshal = %s
    WHERE f.place = %s
"""
PASSED = """
    INSERT INTO passages (marshal, place, at, crowd) VALUES (%s, %s, %s, %s)
    ON CONFLICT (marshal, place) DO UPDATE SET at = excluded.at, crowd = excluded.crowd
"""


class BadReport(ValueError):
    pass


@dataclass(frozen=True)
class Report:
    marshal: int
    place: int
    at: datetime
    crowd: int

    @classmethod
    def parse(cls, line: bytes) -> "Report":
        try:
            told = json.loads(line)
            at = datetime.fromtimestamp(told["at"], timezone.utc)
            report = cls(int(told["marshal"]), int(told["place"]), at, int(told["crowd"]))
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise BadReport(f"not a report: {error}") from error
        if not 1 <= report.place <= FLOATS or not 0 <= report.crowd <= 5:
            raise BadReport("no such float, or no such crowd")
        return report


class RouteBook:
    """The passages of the floats, in the database of the parade."""

    def __init__(self, dsn: str):
        self.connection = psycopg.connect(dsn, row_factory=dict_row)

    def enter(self, report: Report) -> dict:
        """Note a passage; the float, and when the float ahead of it passed."""
        with self.connection.transaction():
            row = self.connection.execute(AHEAD, (report.marshal, report.place)).fetchone()
            if row is None:
                raise BadReport(f"float {report.place} is not in the parade")
            self.connection.execute(PASSED, (report.marshal, report.place, report.at, report.crowd))
            return row

    def close(self) -> None:
        self.connection.close()


@dataclass(frozen=True)
class Radio:
    place: int
    call: str
    gap: float | None

    @classmethod
    def to(cls, report: Report, row: dict) -> "Radio":
        if row["at"] is None:
            return cls(report.place, "lead the parade at walking pace", None)
        gap = (report.at - row["at"]).total_seconds() - row["metres"] / 1.2
        wanted = WANTED_GAP * (1.3 if row["brass"] else 1.0) * (1 + report.crowd / 10)
        if gap < wanted * 0.6:
            call = "halt for the dancers"
        elif gap < wanted * 0.9:
            call = "slower"
        elif gap > wanted * 1.5:
            call = "close up"
        else:
            call = "as you go"
        return cls(report.place, call, round(gap, 1))

    def line(self) -> bytes:
        return json.dumps({"float": self.place, "call": self.call, "gap": self.gap}).encode() + b"\n"


class Calls:
    """How often which call was radioed, for the supper speech."""

    def __init__(self):
        self.lock = threading.Lock()
        self.made: dict[str, int] = {}

    def count(self, radio: Radio) -> None:
        with self.lock:
            self.made[radio.call] = self.made.get(radio.call, 0) + 1


class MarshalLine(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.book = RouteBook(self.server.dsn)

    def handle(self) -> None:
        for line in self.rfile:
            try:
                report = Report.parse(line)
                radio = Radio.to(report, self.book.enter(report))
            except BadReport as error:
                self.wfile.write(json.dumps({"error": str(error)}).encode() + b"\n")
                continue
            except psycopg.OperationalError as error:
                log.warning("the route book is closed: %s", error)
                return  # the handset calls again
            self.server.calls.count(radio)
            self.wfile.write(radio.line())

    def finish(self) -> None:
        self.book.close()
        super().finish()


class ControlRoom(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, dsn: str):
        super().__init__(("127.0.0.1", 0), MarshalLine)
        self.dsn = dsn
        self.calls = Calls()


def handset(port: int, marshal: int) -> None:
    chance = random.Random(marshal)
    due, place = time.monotonic() + marshal / REPORTS_A_SECOND, marshal
    clock = datetime.now(timezone.utc)  # of the parade, which is faster than ours
    with socket.create_connection(("127.0.0.1", port)) as line, line.makefile("rb") as answers:
        while True:
            time.sleep(max(0.0, due - time.monotonic()))
            due = max(due + MARSHALS / REPORTS_A_SECOND, time.monotonic() - 1)
            clock += timedelta(seconds=chance.uniform(25, 110))
            crowd, place = chance.randint(0, 5), place % FLOATS + 1
            report = {"marshal": marshal, "place": place, "at": clock.timestamp(), "crowd": crowd}
            line.sendall(json.dumps(report).encode() + b"\n")
            if not answers.readline():
                return


def route(port: int) -> None:
    handsets = [threading.Thread(target=handset, args=(port, n)) for n in range(1, MARSHALS + 1)]
    for one in handsets:
        one.start()
    for one in handsets:
        one.join()


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    os.chmod(".", 0o1777)  # the database server is another user's
    port = services.postgres(*SCHEMA)
    with ControlRoom(f"host=127.0.0.1 port={port} user=postgres dbname=postgres") as room:
        services.outside(lambda: route(room.server_address[1]))
        threading.Timer(1.0, lambda: print(f"ready {os.getpid()}", flush=True)).start()
        room.serve_forever(poll_interval=5)


if __name__ == "__main__":
    main()
