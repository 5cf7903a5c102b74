# expect: healthy bench
"""The newsletter of a shop for bird seed. Every few seconds a segment of the readers is due: what they are told depends on
the birds in their garden; the letters go in packets to the mail service. In between it waits.
"""

import os
import sys
import time
from collections import defaultdict
from itertools import islice

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

PORT = services.postgres(
    "create table reader (id serial primary key, name text not null, mail text not null, segment integer not null)",
    "create table garden_bird (reader_id integer not null references reader (id), bird text not null,"
    " primary key (reader_id, bird))",
    "create table offer (id serial primary key, bird text not null, seed text not null, cents integer not null)",
    "create table sent (reader_id integer not null, round integer not null, primary key (reader_id, round))",
    "insert into reader (name, mail, segment) select 'Reader ' || n, 'r' || n || '@post.example', n % 10"
    " from generate_series(1, 6000) n",
    "insert into garden_bird select n, (array['robin','siskin','nuthatch','wren','goldfinch'])[1 + (n + k) % 5]"
    " from generate_series(1, 6000) n, generate_series(1, 2) k",
    "insert into offer (bird, seed, cents) select (array['robin','siskin','nuthatch','wren','goldfinch'])[1 + n % 5],"
    " 'Seed mix ' || n, 250 + n * 83 % 1900 from generate_series(1, 40) n",
    "create index on reader (segment)",
    "analyze",
)


def mail_service(path):
    time.sleep(0.01)
    return b'{"taken": true}'


MAIL = f"http://127.0.0.1:{services.http_service(mail_service)}/packets"

import requests
from jinja2 import Environment
from sqlalchemy import Column, Integer, MetaData, Table, Text, create_engine, insert, select

tables = MetaData()
reader = Table(
    "reader", tables, Column("id", Integer), Column("name", Text), Column("mail", Text), Column("segment", Integer)
)
garden_bird = Table("garden_bird", tables, Column("reader_id", Integer), Column("bird", Text))
offer = Table(
    "offer", tables, Column("id", Integer), Column("bird", Text), Column("seed", Text), Column("cents", Integer)
)
sent = Table("sent", tables, Column("reader_id", Integer), Column("round", Integer))

LETTER = Environment(autoescape=True).from_string(
    "<p>Dear {{ name }},</p><p>for the {{ birds|join(' and the ') }} in your garden we have</p><ul>"
    "{% for one in offers %}<li>{{ one.seed }} at {{ '%.2f'|format(one.cents / 100) }}</li>{% endfor %}</ul>"
)
EVERY = 3.0
PACKET = 300


def packets(letters):
    letters = iter(letters)
    while packet := list(islice(letters, PACKET)):
        yield packet


def offers_now(line):
    """The three cheapest offers for each bird."""
    found = defaultdict(list)
    for one in line.execute(select(offer).order_by(offer.c.cents)):
        if len(found[one.bird]) < 3:
            found[one.bird].append(one)
    return found


def readers_of(line, segment):
    """The readers of a segment, each with the birds of the garden."""
    rows = line.execute(
        select(reader.c.id, reader.c.name, reader.c.mail, garden_bird.c.bird)
        .join(garden_bird, garden_bird.c.reader_id == reader.c.id)
        .where(reader.c.segment == segment)
        .order_by(reader.c.id, garden_bird.c.bird)
    )
    found = {}
    for row in rows:
        found.setdefault(row.id, (row.name, row.mail, []))[2].append(row.bird)
    return found


def letter(name, mail, birds, offers):
    chosen = [one for bird in birds for one in offers[bird]]
    return {
        "to": mail,
        "subject": f"{name}, seed for your garden",
        "html": LETTER.render(name=name, birds=birds, offers=chosen),
    }


def send_round(engine, session, number):
    with engine.connect() as line:
        offers = offers_now(line)
        due = readers_of(line, number % 10)
    letters = (letter(name, mail, birds, offers) for name, mail, birds in due.values())
    for packet in packets(letters):
        session.post(MAIL, json=packet, timeout=10).raise_for_status()
    with engine.begin() as line:
        line.execute(insert(sent), [{"reader_id": key, "round": number} for key in due])


def main():
    engine = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{PORT}/postgres", pool_size=1)
    session = requests.Session()
    number = 0
    send_round(engine, session, number)
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    while True:
        due += EVERY
        time.sleep(max(0.0, due - time.monotonic()))
        number += 1
        send_round(engine, session, number)


if __name__ == "__main__":
    main()
