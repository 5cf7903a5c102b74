# expect: pattern=repeated-query bench
"""A sanctuary for parrots that outlived their people: the boards that hang beside the aviaries, and the matchmaker who
proposes a home for a bird. SQLAlchemy on a SQLite file, behind the threaded server of the standard library.

Measured: a board takes 46 ms (median, on a busy machine) and 121 statements, at 19 questions a second half a core;
in the twin 5.5 ms and two statements, and 9 % of a core.
"""

import json
import os
import random
import re
import sys
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import ForeignKey, create_engine, event, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship, sessionmaker

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients  # noqa: E402
from services import outside  # noqa: E402

AVIARIES = 30
PARROTS = 60  # in each aviary
SPECIES = ("African grey", "Galah", "Eclectus", "Conure", "Kakariki", "Lory", "Caique", "Senegal", "Macaw", "Cockatiel")
TODAY = date(2024, 5, 1)
BOARDS_A_SECOND = 15


class Base(DeclarativeBase):
    pass


class Species(Base):
    __tablename__ = "species"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    noise: Mapped[int]
    lifespan: Mapped[int]


class Keeper(Base):
    """Who had the bird before."""

    __tablename__ = "keeper"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    town: Mapped[str]


class Check(Base):
    __tablename__ = "vet_check"
    id: Mapped[int] = mapped_column(primary_key=True)
    parrot_id: Mapped[int] = mapped_column(ForeignKey("parrot.id"), index=True)
    seen: Mapped[date]
    grams: Mapped[int]
    remark: Mapped[str]


class Parrot(Base):
    __tablename__ = "parrot"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    aviary: Mapped[int] = mapped_column(index=True)
    hatched: Mapped[int]
    species_id: Mapped[int] = mapped_column(ForeignKey("species.id"))
    keeper_id: Mapped[int] = mapped_column(ForeignKey("keeper.id"))
    species: Mapped[Species] = relationship()
    keeper: Mapped[Keeper] = relationship()
    checks: Mapped[list[Check]] = relationship(order_by=Check.seen)

    @property
    def weight(self):
        """What it weighed last, and whether that is less than before."""
        checks = self.checks  # <- cost
        if not checks:
            return None, False
        return checks[-1].grams, len(checks) > 1 and checks[-1].grams < checks[0].grams * 0.95

    @property
    def origin(self):
        return f"{self.keeper.name}, {self.keeper.town}"  # <- cost

    @property
    def age(self):
        return TODAY.year - self.hatched


class Board:
    """What visitors read beside an aviary."""

    def __init__(self, session, aviary):
        self.session = session
        self.aviary = aviary

    def parrots(self):
        wanted = select(Parrot).where(Parrot.aviary == self.aviary).order_by(Parrot.name)
        return self.session.scalars(wanted.options(joinedload(Parrot.species)))  # <- cost

    def line(self, parrot):
        grams, thinner = parrot.weight
        return {
            "name": parrot.name,
            "species": parrot.species.name,
            "age": parrot.age,
            "from": parrot.origin,
            "grams": grams,
            "watch": thinner,
            "old": parrot.age > parrot.species.lifespan * 0.7,
        }

    def as_dict(self):
        lines = [self.line(parrot) for parrot in self.parrots()]  # <- cost
        return {"aviary": self.aviary, "birds": len(lines), "lines": lines}


class Matchmaker:
    """Weighs what a household bears against what a species asks for."""

    def __init__(self, session):
        self.session = session

    def propose(self, noise, hours):
        species = self.session.execute(select(Species.id, Species.name, Species.noise, Species.lifespan)).all()
        ranked = sorted(species, key=lambda one: abs(one.noise - noise) + max(0, one.lifespan // 10 - hours))
        best = [one.id for one in ranked[:2]]
        birds = select(Parrot.id, Parrot.name).where(Parrot.species_id.in_(best)).order_by(Parrot.id).limit(5)
        found = [row._asdict() for row in self.session.execute(birds)]
        return {"species": [one.name for one in ranked[:2]], "birds": found}


class Desk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    sessions = None
    board = re.compile(r"/aviaries/(\d+)/board")

    def do_GET(self):
        url = urlsplit(self.path)
        try:
            with self.sessions() as session:
                answer = self.route(session, url)
            status = 200 if answer is not None else 404
        except ValueError as error:
            status, answer = 400, {"error": str(error)}
        self.reply(status, json.dumps(answer).encode())

    def route(self, session, url):
        if asked := self.board.fullmatch(url.path):
            return Board(session, int(asked[1])).as_dict()
        if url.path == "/match":
            words = parse_qs(url.query)
            return Matchmaker(session).propose(int(words["noise"][0]), int(words.get("hours", ["4"])[0]))
        return None

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def settle(engine):
    """The birds of the first years."""
    rng = random.Random(11)
    number = AVIARIES * PARROTS
    Base.metadata.create_all(engine)
    species = [{"id": n, "name": s, "noise": n % 9 + 1, "lifespan": 20 + n * 5} for n, s in enumerate(SPECIES, 1)]
    keepers = [{"id": n, "name": f"Keeper {n}", "town": f"Town {n % 70}"} for n in range(1, number + 1)]
    parrots = [
        {"id": n, "name": f"Polly {rng.randrange(9999)}", "aviary": n % AVIARIES + 1, "hatched": 1975 + n % 47}
        | {"species_id": n % len(SPECIES) + 1, "keeper_id": n}
        for n in range(1, number + 1)
    ]
    checks = [
        {"parrot_id": n, "seen": TODAY - timedelta(days=200 * at + n % 90), "grams": rng.randrange(300, 900)}
        | {"remark": "feathers good"}
        for n in range(1, number + 1)
        for at in range(2)
    ]
    with engine.begin() as connection:
        for table, rows in ((Species, species), (Keeper, keepers), (Parrot, parrots), (Check, checks)):
            connection.execute(insert(table), rows)


def main():
    engine = create_engine("sqlite:///sanctuary.db", pool_size=6, max_overflow=0)
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA cache_size=-16000"))
    settle(engine)
    Desk.sessions = sessionmaker(engine)
    with Desk.sessions() as session:
        for aviary in range(1, 4):
            Board(session, aviary).as_dict()
    engine.dispose()
    server = Server(("127.0.0.1", 0), Desk)
    paths = [f"/aviaries/{n}/board" for n in range(1, AVIARIES + 1)]
    paths += [f"/match?noise={n}&hours={n % 5}" for n in range(1, 9)]
    outside(lambda: clients.come(server.server_port, paths, BOARDS_A_SECOND * 1.25, workers=4))
    print(f"ready {os.getpid()}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
