# expect: healthy bench
"""Letters between hermitages: the service behind the inbox screen of the hermits' messenger.

The screen shows the fifty newest conversations of a member, each with its subject, the number of unread letters and
the time of the last one. FastAPI, SQLAlchemy, PostgreSQL; twenty inboxes a second are asked for.

Measured: an inbox takes 17-20 ms (median) and the service 0.22-0.24 cores as a problem; 5-6 ms and 0.06-0.07 as a twin.
"""

import contextlib
import os
import socket
import sys
from datetime import datetime, timedelta, timezone

import uvicorn
from fastapi import FastAPI, HTTPException
from sqlalchemy import create_engine, text

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import clients
import services

MEMBERS = 60
CONVERSATIONS = 1200
LETTERS = 60_000
SHOWN = 50

SCHEMA = (
    "create table members (id int primary key, name text not null, valley text not null)",
    "create table conversations (id int primary key, subject text not null, last_letter_id int not null default 0)",
    """create table participants (
           member_id int not null references members, conversation_id int not null references conversations,
           last_read_id int not null default 0, muted boolean not null default false,
           primary key (member_id, conversation_id))""",
    """create table letters (
           id int primary key, conversation_id int not null references conversations,
           sender_id int not null references members, sent_at timestamptz not null, body text not null)""",
    f"""insert into members select n, 'hermit ' || n, 'valley ' || n % 7 from generate_series(1, {MEMBERS}) n""",
    f"""insert into conversations (id, subject)
        select n, 'about the ' || (array['spring', 'goats', 'roof', 'honey', 'silence'])[1 + n % 5] || ' ' || n
        from generate_series(1, {CONVERSATIONS}) n""",
    f"""insert into participants
        select distinct 1 + (c * 7 + k * 11) % {MEMBERS}, c, 0, c % 9 = 0
        from generate_series(1, {CONVERSATIONS}) c, generate_series(0, 3) k""",
    f"""insert into letters
        select n, 1 + n * 7919 % {CONVERSATIONS}, 1 + n * 31 % {MEMBERS},
               timestamptz '2024-03-01' + n * interval '37 seconds', repeat('dear neighbour ', 1 + n % 9)
        from generate_series(1, {LETTERS}) n""",
    "create index on letters (conversation_id, id)",
    """update conversations c set last_letter_id = l.newest
       from (select conversation_id, max(id) newest from letters group by conversation_id) l
       where l.conversation_id = c.id""",
    "update participants p set last_read_id = c.last_letter_id - (p.member_id * 613) % 9000 from conversations c "
    "where c.id = p.conversation_id",
    "analyze",
)

NEWEST = text(
    """
    with newest as (
        select c.id, c.subject, c.last_letter_id, p.last_read_id, p.muted
        from participants p join conversations c on c.id = p.conversation_id
        where p.member_id = :member
        order by c.last_letter_id desc
        limit :shown)
    select n.id, n.subject, n.muted, counted.unread, counted.last_sent
    from newest n cross join lateral (
        select count(*) filter (where l.id > n.last_read_id and l.sender_id <> :member) as unread,
               max(l.sent_at) as last_sent
        from letters l
        where l.conversation_id = n.id and l.id >= n.last_read_id) counted
    order by n.last_letter_id desc
    """
)

engine = None


@contextlib.asynccontextmanager
async def lifespan(_):
    print("ready", os.getpid(), flush=True)
    yield
    engine.dispose()


app = FastAPI(lifespan=lifespan)


def ago(moment, now):
    if moment is None:
        return "never"
    days = (now - moment) // timedelta(days=1)
    return f"{days} days ago" if days else "today"


@app.get("/inbox/{member}")
def inbox(member: int):
    now = datetime.now(timezone.utc)
    with engine.connect() as database:
        newest = database.execute(NEWEST, {"member": member, "shown": SHOWN}).all()
    if not newest:
        raise HTTPException(404, "no such hermit")
    shown = [
        {
            "conversation": row.id,
            "subject": row.subject,
            "muted": row.muted,
            "unread": row.unread,
            "last": ago(row.last_sent, now),
        }
        for row in newest
    ]
    return {"member": member, "unread": sum(one["unread"] for one in shown if not one["muted"]), "shown": shown}


def main():
    global engine
    port = services.postgres(*SCHEMA)
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)
    paths = [f"/inbox/{member}" for member in range(1, MEMBERS + 1)]
    services.outside(lambda: clients.come(listening.getsockname()[1], paths, rate=20, workers=4))
    engine = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", pool_size=6)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    server.run(sockets=[listening])


if __name__ == "__main__":
    main()
