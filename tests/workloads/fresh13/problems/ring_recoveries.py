# expect: pattern=slow-dependency bench
"""Bird ringing centre: who finds a ringed bird types the ring's number into a web form and is told where it was ringed,
how far it has flown and how old it is. The ringing schemes deliver their records as JSON; PostgreSQL keeps them.

Measured: an answer takes 190 to 1140 ms here and 16 to 80 ms in its twin, where the plain ring has an index (both on a
crowded machine); the program itself uses 0.02 of a core.
"""

import json
import math
import os
import random
import sys
import tempfile
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sqlalchemy import Date, Integer, Text, create_engine, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

RECORDS = 50_000
SCHEMA = (
    "CREATE TABLE ringings (id int PRIMARY KEY, scheme text, ringed date, record jsonb)",
    "INSERT INTO ringings SELECT n, (array['DEH','GBT','NLA','ESI'])[1 + n % 4], date '2009-01-01' + n % 5600,"
    " jsonb_build_object('ring', 'R' || repeat('.', n % 3) || lpad((n * 7919 % 999983)::text, 7, '0'), 'species', n % 340,"
    " 'lat', 36 + n % 3000 / 100.0, 'lon', n % 4200 / 100.0 - 9, 'wing', 60 + n % 90, 'age', n % 6)"
    f" FROM generate_series(1, {RECORDS}) n",
    "ANALYZE ringings",
)


# The schemes fill short numbers with dots or blanks, and some write letters small.
PLAIN_RING = "upper(regexp_replace(record->>'ring', '[^0-9A-Za-z]', '', 'g'))"


class Base(DeclarativeBase):
    pass


class Ringing(Base):
    __tablename__ = "ringings"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    scheme: Mapped[str] = mapped_column(Text)
    ringed: Mapped[date] = mapped_column(Date)
    record: Mapped[dict] = mapped_column(JSONB)

    @property
    def place(self):
        return float(self.record["lat"]), float(self.record["lon"])


class Ringings:
    """The repository that all pages use."""

    def __init__(self, session: Session):
        self.session = session

    def of_ring(self, ring):
        wanted = select(Ringing).where(literal_column(PLAIN_RING, Text) == ring).order_by(Ringing.ringed)
        return self.session.scalars(wanted).all()  # <- cost

    def latest(self):
        return self.session.scalar(select(func.max(Ringing.id)))


def distance(a, b):
    """Kilometres along the great circle."""
    (lat1, lon1), (lat2, lon2) = (map(math.radians, place) for place in (a, b))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 12742 * math.asin(min(1.0, math.sqrt(h)))


def track(start, end, points=60):
    """Where the bird may have flown, for the map on the page."""
    steps = []
    for at in range(points + 1):
        share = at / points
        lat = start[0] + (end[0] - start[0]) * share
        steps.append([round(lat + math.sin(share * math.pi), 3), round(start[1] + (end[1] - start[1]) * share, 3)])
    return steps


def recovery(session, ring, found_at):
    known = Ringings(session).of_ring(ring)
    if not known:
        return {"ring": ring, "known": False}
    first = known[0]
    years = (date(2025, 6, 1) - first.ringed).days / 365.25
    return {
        "ring": ring,
        "known": True,
        "scheme": first.scheme,
        "species": first.record["species"],
        "years": round(years + first.record["age"], 1),
        "kilometres": round(distance(first.place, found_at)),
        "track": track(first.place, found_at),
    }


class Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    sessions: sessionmaker

    def do_GET(self):
        ring = self.path.rpartition("/")[2]
        found_at = (35 + len(ring) + ord(ring[-1]) / 10, ord(ring[-2]) / 4)
        try:
            with self.sessions() as session:
                told, status = recovery(session, ring, found_at), 200
        except OSError as error:
            told, status = {"error": str(error)}, 503
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    folder = tempfile.mkdtemp(prefix="ringing")
    os.chmod(folder, 0o777)  # the database runs as a user of its own
    os.chdir(folder)
    port = services.postgres(*SCHEMA)
    engine = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", pool_size=4, pool_pre_ping=False)
    Desk.sessions = sessionmaker(engine, expire_on_commit=False)
    with Desk.sessions() as session:
        latest = Ringings(session).latest()
    engine.dispose()
    numbers = random.sample(range(1, latest), 3000)
    paths = [f"/recoveries/R{n * 7919 % 999983:07}" for n in numbers]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    services.outside(lambda: clients.come(server.server_port, paths, 5, 4))
    threading.Timer(0.5, lambda: print("ready", os.getpid(), flush=True)).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
