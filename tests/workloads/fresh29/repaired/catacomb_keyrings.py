# expect: healthy bench
"""Access reviews of the catacombs: who of a guild may open which crypt, and until when.

The wardens' console asks for the review of a guild; the answer lists every member with the crypts that they may open, and
what stands out (dormant keys, keys to sealed crypts). Members and grants are in PostgreSQL.

Measured: 9 reviews a second: the problem 0.45-0.48 cores, 78-166 ms a review (median); the twin 0.13-0.17 cores, 18-28 ms.
"""

import datetime
import os
import sys
from contextlib import asynccontextmanager

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import clients
import services
import uvicorn
from fastapi import FastAPI, HTTPException
from sqlalchemy import ForeignKey, create_engine, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

GUILDS = 24
MEMBERS = 90
REVIEWS_A_SECOND = 9
TODAY = datetime.date(2024, 11, 2)
SEALED = {"north-ossuary", "plague-vault"}
CRYPTS = [
    "north-ossuary",
    "plague-vault",
    "candle-gallery",
    "bishops-row",
    "lower-well",
    "salt-stair",
    "mint",
    "archive",
]


class Base(DeclarativeBase):
    pass


class Member(Base):
    __tablename__ = "member"
    id: Mapped[int] = mapped_column(primary_key=True)
    guild: Mapped[int] = mapped_column(index=True)
    name: Mapped[str]
    suspended: Mapped[bool]
    grants: Mapped[list["Grant"]] = relationship(back_populates="member")


class Grant(Base):
    __tablename__ = "access_grant"
    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    crypt: Mapped[str]
    level: Mapped[int]
    until: Mapped[datetime.date]
    last_used: Mapped[datetime.date]
    member: Mapped[Member] = relationship(back_populates="grants")


def fill(engine):
    members, grants = [], []
    for number in range(1, GUILDS * MEMBERS + 1):
        members.append(
            {
                "id": number,
                "guild": number % GUILDS,
                "name": f"warden-{number * 7919 % 10007}",
                "suspended": number % 41 == 0,
            }
        )
        for n in range(2 + number % 3):
            grants.append(
                {
                    "member_id": number,
                    "crypt": CRYPTS[(number * 3 + n) % len(CRYPTS)],
                    "level": (number + n) % 3,
                    "until": TODAY + datetime.timedelta(days=(number * 13 + n) % 400 - 60),
                    "last_used": TODAY - datetime.timedelta(days=(number * 29 + n) % 300),
                }
            )
    with Session(engine) as session:
        session.execute(insert(Member), members)
        session.execute(insert(Grant), grants)
        session.commit()


def doors_of(member):
    """The crypts that the member may open today, with the highest level, and what is odd about them."""
    levels, odd = {}, []
    for grant in member.grants:
        if grant.until < TODAY:
            continue
        levels[grant.crypt] = max(grant.level, levels.get(grant.crypt, 0))
        if grant.crypt in SEALED:
            odd.append(f"{grant.crypt}: sealed")
        if (TODAY - grant.last_used).days > 180:
            odd.append(f"{grant.crypt}: dormant since {grant.last_used}")
    if member.suspended and levels:
        odd.append("suspended, but holds keys")
    return levels, odd


def review(session, guild):
    statement = select(Member).where(Member.guild == guild).order_by(Member.name).options(selectinload(Member.grants))
    wardens = []
    for member in session.scalars(statement):
        levels, odd = doors_of(member)
        wardens.append({"name": member.name, "doors": levels, "odd": odd})
    return {
        "guild": guild,
        "wardens": wardens,
        "keys": sum(len(warden["doors"]) for warden in wardens),
        "findings": sum(len(warden["odd"]) for warden in wardens),
    }


def make_app(engine):
    @asynccontextmanager
    async def lifespan(_):
        print("ready", os.getpid(), flush=True)
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/guilds/{guild}/review")
    def guild_review(guild: int):
        if not 0 <= guild < GUILDS:
            raise HTTPException(404)
        with Session(engine) as session:
            return review(session, guild)

    @app.get("/alive")
    async def alive():
        return {"alive": True}

    return app


def main():
    database = services.postgres()
    engine = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{database}/postgres", pool_size=6)
    Base.metadata.create_all(engine)
    fill(engine)
    engine.dispose()
    port = services.free_port()
    paths = [f"/guilds/{guild}/review" for guild in range(GUILDS)]
    services.outside(lambda: clients.come(port, paths, REVIEWS_A_SECOND, workers=4))
    uvicorn.run(make_app(engine), host="127.0.0.1", port=port, log_level="critical", access_log=False)


main()
