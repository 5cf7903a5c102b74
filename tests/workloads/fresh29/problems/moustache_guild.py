# expect: pattern=repeated-query bench
"""The timeline service of a social network for moustache growers: chapters, posts with a photo, and reactions
("waxed", "twirled", "trimmed", ...) under each post.

FastAPI with SQLAlchemy on PostgreSQL; members' phones ask for the newest posts of a chapter.

Measured: 14 timelines a second: 0.24 cores and a median of 42 ms; repaired 0.10 cores and 10 ms.
"""

import asyncio
import os
import random
import sys
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import ForeignKey, Index, create_engine, func, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship, sessionmaker

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

CHAPTERS = 24
MEMBERS = 600
POSTS = 4000
REACTIONS = 30000
KINDS = ("waxed", "twirled", "trimmed", "combed")
PAGE = 40


class Base(DeclarativeBase):
    pass


class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    handle: Mapped[str]
    style: Mapped[str]


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    chapter_id: Mapped[int]
    author_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    posted_at: Mapped[datetime]
    caption: Mapped[str]
    photo: Mapped[str]
    author: Mapped[Member] = relationship()

    __table_args__ = (Index("posts_by_chapter", "chapter_id", "posted_at"),)


class Reaction(Base):
    __tablename__ = "reactions"
    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("members.id"))
    kind: Mapped[str]


def fill(engine):
    chosen = random.Random(1887)
    styles = ("handlebar", "walrus", "pencil", "imperial", "horseshoe")
    start = datetime(2024, 11, 1)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(
            insert(Member),
            [{"id": n, "handle": f"grower{n}", "style": chosen.choice(styles)} for n in range(1, MEMBERS + 1)],
        )
        connection.execute(
            insert(Post),
            [
                {
                    "id": n,
                    "chapter_id": chosen.randrange(CHAPTERS),
                    "author_id": chosen.randint(1, MEMBERS),
                    "posted_at": start + timedelta(minutes=7 * n),
                    "caption": f"Day {n % 90} of the {chosen.choice(styles)}",
                    "photo": f"/photos/{n:06}.jpg",
                }
                for n in range(1, POSTS + 1)
            ],
        )
        connection.execute(
            insert(Reaction),
            [
                {
                    "post_id": chosen.randint(1, POSTS),
                    "member_id": chosen.randint(1, MEMBERS),
                    "kind": chosen.choice(KINDS),
                }
                for _ in range(REACTIONS)
            ],
        )
        connection.exec_driver_sql("ANALYZE")


port = services.free_port()
database = services.postgres()
services.outside(lambda: clients.come(port, [f"/chapters/{n}/timeline" for n in range(CHAPTERS)], rate=14, workers=6))

engine = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{database}/postgres", pool_size=8)
Sessions = sessionmaker(engine)


@asynccontextmanager
async def lifespan(app):
    fill(engine)

    async def announce():
        await asyncio.sleep(2)
        print("ready", os.getpid(), flush=True)

    announced = asyncio.create_task(announce())
    yield
    announced.cancel()
    engine.dispose()


app = FastAPI(title="Moustache guild", lifespan=lifespan)


def get_session():
    with Sessions() as session:
        yield session


def newest_posts(session: Session, chapter_id: int):
    query = (
        select(Post)
        .options(joinedload(Post.author))
        .where(Post.chapter_id == chapter_id)
        .order_by(Post.posted_at.desc())
        .limit(PAGE)
    )
    return session.scalars(query).all()


def reactions_of(session: Session, post: Post):
    query = select(Reaction.kind, func.count()).where(Reaction.post_id == post.id).group_by(Reaction.kind)
    return {kind: number for kind, number in session.execute(query)}  # <- cost


def shown(post: Post, reactions: dict):
    return {
        "id": post.id,
        "author": {"handle": post.author.handle, "style": post.author.style},
        "posted_at": post.posted_at.isoformat(),
        "caption": post.caption,
        "photo": post.photo,
        "reactions": reactions,
    }


@app.get("/chapters/{chapter_id}/timeline")
def timeline(chapter_id: int, session: Session = Depends(get_session)):
    posts = newest_posts(session, chapter_id)
    if not posts:
        raise HTTPException(404, "no such chapter")
    entries = []
    for post in posts:  # <- cost
        reactions = reactions_of(session, post)  # <- cost
        entries.append(shown(post, reactions))
    return {"chapter": chapter_id, "posts": entries}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
