# expect: healthy bench
"""The mail digests of a social network for taxidermists: what happened in the circles of a member since the last one.

Bursts: every two seconds another batch of members is due; one query for all of them, a compiled template, and one file
with the finished mails for the mail gateway. New events are written in the meantime, in batches.
"""

import logging
import os
import random
import sqlite3
import time
from collections import defaultdict
from email.message import EmailMessage

from jinja2 import DictLoader, Environment

log = logging.getLogger("digests")

MEMBERS = 3000
CIRCLES = 80
BATCH = 240
EVERY = 2.0
SHOWN = 12
EVENTS_PER_BURST = 200

TEMPLATES = {
    "digest.txt": """Dear {{ member }},

since {{ since }} there {{ "was one event" if events|length == 1 else "were " ~ events|length ~ " events" }}:
{% for event in events %}
  * {{ event.author }} {{ event.what }} in {{ event.circle }}
{%- endfor %}

The glass eyes of the network
"""
}

WHAT = ("mounted an owl", "asked about borax", "showed a diorama", "answered on fox ears", "sold a pair of glass eyes")

SCHEMA = """
CREATE TABLE circles (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT NOT NULL, mail TEXT NOT NULL, digested REAL NOT NULL);
CREATE TABLE follows (member INTEGER NOT NULL, circle INTEGER NOT NULL, PRIMARY KEY (member, circle)) WITHOUT ROWID;
CREATE TABLE events (id INTEGER PRIMARY KEY, circle INTEGER NOT NULL, author TEXT NOT NULL, what TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX events_by_circle ON events (circle, at);
CREATE INDEX events_by_time ON events (at);
CREATE INDEX members_by_digest ON members (digested);
"""

EVENTS_OF_DUE = """
WITH due AS (SELECT id, name, mail, digested FROM members ORDER BY digested LIMIT ?)
SELECT due.id, due.name, due.mail, due.digested, circles.name, events.author, events.what
FROM due
JOIN follows ON follows.member = due.id
JOIN circles ON circles.id = follows.circle
JOIN events ON events.circle = follows.circle AND events.at > due.digested
ORDER BY due.id, events.at DESC
"""


def open_database(chosen):
    database = sqlite3.connect("digests.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.executescript(SCHEMA)
    now = time.time()
    database.execute("BEGIN")
    database.executemany("INSERT INTO circles VALUES (?, ?)", ((n, f"circle {n}") for n in range(CIRCLES)))
    database.executemany(
        "INSERT INTO members VALUES (?, ?, ?, ?)",
        ((n, f"stuffer {n}", f"stuffer{n}@glass-eyes.example", now - 90 + 90 * n / MEMBERS) for n in range(MEMBERS)),
    )
    database.executemany(
        "INSERT INTO follows VALUES (?, ?)",
        ((n, circle) for n in range(MEMBERS) for circle in chosen.sample(range(CIRCLES), 3)),
    )
    database.execute("COMMIT")
    return database


def record_events(database, chosen, now):
    rows = [
        (chosen.randrange(CIRCLES), f"stuffer {chosen.randrange(MEMBERS)}", chosen.choice(WHAT), now - chosen.random())
        for _ in range(EVENTS_PER_BURST)
    ]
    database.execute("BEGIN")
    database.executemany("INSERT INTO events (circle, author, what, at) VALUES (?, ?, ?, ?)", rows)
    database.execute("DELETE FROM events WHERE at < ?", (now - 120,))
    database.execute("COMMIT")


def due_members(database):
    """Who is due, with what happened for each."""
    names, events = {}, defaultdict(list)
    for member, name, mail, since, circle, author, what in database.execute(EVENTS_OF_DUE, (BATCH,)):
        names[member] = (name, mail, since)
        if len(events[member]) < SHOWN:
            events[member].append({"circle": circle, "author": author, "what": what})
    return names, events


def compose(template, name, mail, since, events):
    message = EmailMessage()
    message["From"] = "digest@glass-eyes.example"
    message["To"] = mail
    message["Subject"] = f"{len(events)} news from your circles"
    said = time.strftime("%H:%M:%S", time.gmtime(since))
    message.set_content(template.render(member=name, since=said, events=events))
    return message.as_bytes()


def send_digests(database, template, now):
    names, events = due_members(database)
    mails = [compose(template, *names[member], events[member]) for member in names]
    with open("outgoing.tmp", "wb") as file:
        file.writelines(mails)
    os.replace("outgoing.tmp", "outgoing.mbox")
    database.execute(
        "UPDATE members SET digested = ? WHERE id IN (SELECT id FROM members ORDER BY digested LIMIT ?)", (now, BATCH)
    )
    return len(mails)


def main():
    logging.basicConfig(level=logging.WARNING)
    chosen = random.Random(19)
    database = open_database(chosen)
    environment = Environment(loader=DictLoader(TEMPLATES), autoescape=False)
    template = environment.get_template("digest.txt")
    for _ in range(10):
        record_events(database, chosen, time.time() - chosen.random() * 20)
    print("ready", os.getpid(), flush=True)
    due = time.monotonic()
    while True:
        now = time.time()
        record_events(database, chosen, now)
        sent = send_digests(database, template, now)
        log.info("%d digests", sent)
        due += EVERY
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
