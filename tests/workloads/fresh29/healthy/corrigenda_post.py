# expect: healthy bench
"""Tells the subscribers of a publisher's handbooks about corrections: waits for corrections in a Redis list, gathers
what comes within a moment, and puts one notice per handbook into the lists of the outgoing post.

A correction comes every one or two seconds, sometimes a handful at once; in between the program sleeps.
"""

import json
import os
import random
import sys
import time
from collections import defaultdict

import redis
from jinja2 import Environment

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

INCOMING = "corrections"
GATHER = 0.25
NOTICE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
    """<h1>Corrections to {{ handbook }}</h1>
<ul>
{% for one in corrections %}
<li>p. {{ one.page }}{% if one.line %}, line {{ one.line }}{% endif %}: for <q>{{ one.wrong }}</q>
read <q>{{ one.right }}</q></li>
{% endfor %}
</ul>
"""
)
HANDBOOKS = ("Heraldry", "Lichens", "Organ stops", "River law", "Sundials", "Vine grafting")


def editors(port):
    """Editors at their desks, who hand in corrections."""
    store = redis.Redis(port=port)
    chance = random.Random(11)
    for number in range(1 << 40):
        few = chance.choice((1, 1, 1, 2, 6))
        for _ in range(few):
            correction = {
                "handbook": chance.choice(HANDBOOKS),
                "page": chance.randint(1, 480),
                "line": chance.choice((None, chance.randint(1, 44))),
                "wrong": f"word {number}",
                "right": f"words {number}",
            }
            store.rpush(INCOMING, json.dumps(correction))
        time.sleep(chance.uniform(0.8, 2.0))


def postmen(port):
    """Those who take the notices out of the lists."""
    store = redis.Redis(port=port)
    lists = [f"post:{handbook}" for handbook in HANDBOOKS]
    while True:
        store.blpop(lists)


def subscribe(store):
    with store.pipeline(transaction=False) as pipe:
        for number in range(600):
            pipe.hset(f"subscribers:{HANDBOOKS[number % len(HANDBOOKS)]}", f"reader{number}", f"r{number}@example.org")
        pipe.execute()


def gather(store):
    """The next correction, and those that follow it closely."""
    _, first = store.blpop(INCOMING)
    time.sleep(GATHER)
    rest = store.lpop(INCOMING, 100) or []
    grouped = defaultdict(list)
    for raw in (first, *rest):
        correction = json.loads(raw)
        grouped[correction.pop("handbook")].append(correction)
    return grouped


def send(store, grouped):
    with store.pipeline(transaction=False) as pipe:
        for handbook in grouped:
            pipe.hvals(f"subscribers:{handbook}")
        readers = pipe.execute()
    with store.pipeline(transaction=False) as pipe:
        for (handbook, corrections), addresses in zip(grouped.items(), readers, strict=True):
            corrections.sort(key=lambda one: (one["page"], one["line"] or 0))
            body = NOTICE.render(handbook=handbook, corrections=corrections)
            notice = {"to": [address.decode() for address in addresses], "body": body}
            pipe.rpush(f"post:{handbook}", json.dumps(notice))
            pipe.hincrby("sent", handbook, len(corrections))
        pipe.execute()


def main():
    port = services.redis()
    store = redis.Redis(port=port)
    subscribe(store)
    services.outside(lambda: editors(port))
    services.outside(lambda: postmen(port))
    send(store, gather(store))
    print("ready", os.getpid(), flush=True)
    while True:
        send(store, gather(store))


if __name__ == "__main__":
    main()
