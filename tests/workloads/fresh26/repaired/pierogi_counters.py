# expect: healthy bench
"""Kitchen tickets for a chain of pierogi counters: tills put orders into Redis lists, one for each counter, and for
each counter a thread here takes the tickets, works out when they will be done, and tells the screens.

Orders come a few a second, over all counters.

Measured: 0.20 cores with the problem, 0.00 in the twin (a ticket lies in the list for 2.9 ms and 0.9 ms).
"""

import json
import logging
import os
import random
import sys
import threading
import time
from dataclasses import dataclass, field

import redis

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

COUNTERS = ["dworzec", "rynek", "kazimierz", "podgorze", "nowa-huta", "bronowice", "zablocie", "salwator"]
MINUTES = {"ruskie": 6, "z-miesem": 8, "z-kapusta": 7, "z-serem": 5, "z-jagodami": 5}
ORDERS_PER_SECOND = 6

log = logging.getLogger("pierogi")


@dataclass
class Ticket:
    order: int
    counter: str
    dishes: dict
    taken: float

    @classmethod
    def parse(cls, raw):
        told = json.loads(raw)
        return cls(told["order"], told["counter"], told["dishes"], told["taken"])

    def minutes(self):
        return sum(MINUTES[dish] * (1 + (pieces - 1) // 12) for dish, pieces in self.dishes.items())


@dataclass
class Pots:
    """The pots of a counter, and when each is free again."""

    free_at: list = field(default_factory=lambda: [0.0] * 4)

    def plan(self, ticket, now):
        pot = min(range(len(self.free_at)), key=self.free_at.__getitem__)
        begin = max(now, self.free_at[pot])
        self.free_at[pot] = begin + ticket.minutes() * 0.05
        return pot, self.free_at[pot]


class Counter(threading.Thread):
    def __init__(self, name, store):
        super().__init__(name=f"counter-{name}", daemon=True)
        self.counter = name
        self.store = store
        self.key = f"tickets:{name}"
        self.pots = Pots()
        self.done = 0
        self.waited = 0.0

    def run(self):
        while True:
            try:
                popped = self.store.brpop(self.key, timeout=10)
                if popped is None:
                    continue
                self.handle(Ticket.parse(popped[1]))
            except redis.RedisError:
                log.exception("counter %s", self.counter)
                time.sleep(1)

    def handle(self, ticket):
        now = time.time()
        self.waited += now - ticket.taken
        pot, ready = self.pots.plan(ticket, now)
        text = json.dumps({"order": ticket.order, "pot": pot, "ready": round(ready, 1)})
        with self.store.pipeline(transaction=False) as pipe:
            pipe.hset(f"screen:{self.counter}", ticket.order % 20, text)
            pipe.publish(f"screens:{self.counter}", text)
            pipe.execute()
        self.done += 1


def tills(port):
    """The tills at the counters."""
    store = redis.Redis(port=port)
    order = 0
    while True:
        order += 1
        counter = random.choice(COUNTERS)
        dishes = {dish: random.randint(6, 24) for dish in random.sample(sorted(MINUTES), random.randint(1, 3))}
        ticket = {"order": order, "counter": counter, "dishes": dishes, "taken": time.time()}
        store.lpush(f"tickets:{counter}", json.dumps(ticket))
        time.sleep(random.expovariate(ORDERS_PER_SECOND))


def main():
    port = services.redis()
    store = redis.Redis(port=port, socket_timeout=30)
    services.outside(lambda: tills(port))
    counters = [Counter(name, store) for name in COUNTERS]
    for counter in counters:
        counter.start()
    time.sleep(1)
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(5)
        done = sum(counter.done for counter in counters)
        waited = sum(counter.waited for counter in counters)
        with open("tickets.txt", "w") as report:
            report.write(f"{done} tickets, {waited / max(1, done) * 1e3:.1f} ms in the list on average\n")


if __name__ == "__main__":
    main()
