# expect: healthy bench
"""The desk of a motor insurer after a hailstorm: policyholders and assessors look at claims, at a region's open ones,
and at what an assessor has to visit. Starlette in front, PostgreSQL behind.

Measured: a request takes 3.7 ms, in the problem 10.
"""

import os
import random
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from sqlalchemy import ForeignKey, create_engine, func, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship, sessionmaker
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

CLAIMS, POLICIES = 4000, 1500
REGIONS = ("north", "lakes", "valley", "coast", "uplands")
STATES = ("reported", "assessed", "offered", "settled")


class Base(DeclarativeBase):
    pass


class Policy(Base):
    __tablename__ = "policy"
    id: Mapped[int] = mapped_column(primary_key=True)
    holder: Mapped[str]
    excess: Mapped[int]


class Claim(Base):
    __tablename__ = "claim"
    id: Mapped[int] = mapped_column(primary_key=True)
    policy_id: Mapped[int] = mapped_column(ForeignKey("policy.id"), index=True)
    region: Mapped[str] = mapped_column(index=True)
    assessor: Mapped[int] = mapped_column(index=True)
    state: Mapped[str]
    dents: Mapped[int]
    reserve: Mapped[int]
    policy: Mapped[Policy] = relationship()


class Storage:
    """What the desk, the importer and the migrations share, so that all of them see the same database alike."""

    def __init__(self, port: int) -> None:
        self.engine = create_engine(
            f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres",
            pool_size=8,
        )
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @contextmanager
    def session(self):
        with self._sessions() as session:
            yield session

    def fill(self) -> None:
        Base.metadata.create_all(self.engine)
        chance = random.Random(11)
        policies = [
            {"id": n, "holder": f"holder {n}", "excess": chance.choice((150, 300, 500))} for n in range(POLICIES)
        ]
        claims = [
            {
                "id": n,
                "policy_id": chance.randrange(POLICIES),
                "region": chance.choice(REGIONS),
                "assessor": chance.randrange(200),
                "state": chance.choice(STATES),
                "dents": chance.randint(1, 90),
                "reserve": chance.randint(300, 9000),
            }
            for n in range(CLAIMS)
        ]
        with self.session() as session:
            session.bulk_insert_mappings(Policy, policies)
            session.bulk_insert_mappings(Claim, claims)
            session.commit()


def due(claim: Claim) -> int:
    return max(0, claim.reserve - claim.policy.excess) if claim.state != "settled" else 0


def brief(claim: Claim) -> dict:
    return {"claim": claim.id, "state": claim.state, "dents": claim.dents, "reserve": claim.reserve}


class Desk:
    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def claim(self, request: Request) -> JSONResponse:
        number = request.path_params["number"]
        with self.storage.session() as session:
            claim = session.get(Claim, number, options=[joinedload(Claim.policy)])
        if claim is None:
            raise HTTPException(404, f"no claim {number}")
        return JSONResponse({**brief(claim), "holder": claim.policy.holder, "due": due(claim)})

    def region(self, request: Request) -> JSONResponse:
        """The dearest of a region that are still to be assessed."""
        wanted = select(Claim).where(Claim.region == request.path_params["region"], Claim.state == "reported")
        with self.storage.session() as session:
            found = session.scalars(wanted.order_by(Claim.reserve.desc()).limit(10)).all()
        return JSONResponse([brief(claim) for claim in found])

    def round(self, request: Request) -> JSONResponse:
        """What an assessor has to see, and what it may cost."""
        assessor = request.path_params["assessor"]
        wanted = select(Claim).options(joinedload(Claim.policy)).where(Claim.assessor == assessor)
        with self.storage.session() as session:
            visits = session.scalars(wanted.where(Claim.state.in_(("reported", "assessed")))).all()
        return JSONResponse({"visits": [brief(claim) for claim in visits], "due": sum(map(due, visits))})

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/claim/{number:int}", self.claim),
                Route("/region/{region}", self.region),
                Route("/round/{assessor:int}", self.round),
            ]
        )


def assess(storage: Storage) -> None:
    """The assessors' results come in once a second."""
    chance = random.Random(5)
    while True:
        time.sleep(1)
        seen = [chance.randrange(CLAIMS) for _ in range(12)]
        change = update(Claim).where(Claim.id.in_(seen)).values(state=chance.choice(STATES), reserve=Claim.reserve + 1)
        with storage.session() as session:
            session.execute(change)
            session.commit()


def main() -> None:
    storage = Storage(services.postgres())
    storage.fill()
    with storage.session() as session:
        known = session.scalar(select(func.count()).select_from(Claim))
    chance = random.Random(2)
    paths = [f"/claim/{chance.randrange(known)}" for _ in range(60)] + [f"/region/{region}" for region in REGIONS]
    paths += [f"/round/{chance.randrange(200)}" for _ in range(15)]
    threading.Thread(target=assess, args=(storage,), daemon=True).start()
    port = services.free_port()
    services.outside(lambda: (services.wait_for(port), clients.come(port, paths, 50, 6)))
    print("ready", os.getpid(), flush=True)
    uvicorn.run(Desk(storage).application(), host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
