# expect: healthy bench
"""Billing at a telephone exchange: call tickets come in from three switches, a rating engine (a program of its own, which
stays) prices them, and they are put to the subscribers' accounts.
Measured: 4 ms from the coming of a batch until it is put to account; 25 ms in the problem.
"""

import os
import queue
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients  # noqa: E402
import services  # noqa: E402

SWITCHES = ("Moorgate", "Holborn", "Bermondsey")
BATCHES = 10  # a second, from each switch
TICKETS = 30  # in each batch
ZONES = {"1": 12, "20": 31, "27": 29, "33": 9, "351": 14, "44": 8, "49": 9, "7": 22, "81": 34, "86": 28, "91": 26}


@dataclass(frozen=True)
class Ticket:
    caller: str
    called: str
    began: int  # second of the day
    seconds: int


def engine():
    """The rating engine: a line with tickets in, a line with prices in hundredths of a penny out."""
    for line in sys.stdin:
        number, *calls = line.split()
        prices = []
        for call in calls:
            called, began, seconds = call.split(",")
            rate = next((ZONES[called[:n]] for n in (3, 2, 1) if called[:n] in ZONES), 40)
            evening = not 8 * 3600 <= int(began) < 18 * 3600
            minutes = -(-int(seconds) // 60)
            prices.append(str(minutes * rate * (60 if evening else 100)))
        sys.stdout.write(f"{number} {' '.join(prices)}\n")
        sys.stdout.flush()


def start_switches(port):
    """The switches send a line for each batch: their name and the tickets, some of calls that nobody took."""

    def switch(number):
        chance, zones = random.Random(number), list(ZONES)

        def ticket():
            called = f"{chance.choice(zones)}{chance.randrange(10**8):08}"
            return f"{chance.randrange(4000):06},{called},{chance.randrange(86400)},{max(0, chance.randint(-60, 1500))}"

        with socket.create_connection(("127.0.0.1", port)) as line:
            while True:
                tickets = " ".join(ticket() for _ in range(TICKETS))
                line.sendall(f"{SWITCHES[number]} {tickets}\n".encode())
                time.sleep(chance.expovariate(BATCHES))

    services.outside(lambda: clients.crowd(switch, len(SWITCHES)))


@dataclass
class Batch:
    switch: str
    tickets: list
    came: float

    @classmethod
    def parse(cls, line):
        """Calls that were answered, and whose numbers can be."""
        switch, *tickets = line.split()
        taken = []
        for ticket in tickets:
            caller, called, began, seconds = ticket.split(",")
            if int(seconds) > 0 and called.isdigit() and len(called) > 8:
                taken.append(Ticket(caller, called, int(began), int(seconds)))
        return cls(switch, taken, time.perf_counter())


class Lines:
    """The lines of the switches, with a listener each."""

    def __init__(self):
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.inbox = queue.SimpleQueue()

    def accept(self, number):
        for _ in range(number):
            line, _ = self._server.accept()
            threading.Thread(target=self._listen, args=(line,), daemon=True).start()

    def _listen(self, line):
        with line, line.makefile("r") as batches:
            for batch in batches:
                self.inbox.put(Batch.parse(batch))


class Rating:
    """The engine's pipes."""

    def __init__(self):
        command = [sys.executable, __file__, "engine"]
        self._engine = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._answers = queue.SimpleQueue()
        self._sent = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self._engine.stdout:
            number, *prices = line.split()
            self._answers.put((int(number), [int(price) for price in prices]))

    def prices(self, tickets):
        self._sent += 1
        calls = " ".join(f"{ticket.called},{ticket.began},{ticket.seconds}" for ticket in tickets)
        self._engine.stdin.write(f"{self._sent} {calls}\n")
        self._engine.stdin.flush()
        number, prices = self._answers.get()
        if number != self._sent:
            raise RuntimeError(f"the engine answered {number} instead of {self._sent}")
        return prices


class Ledger:
    """What each subscriber owes, and how long was spoken where."""

    def __init__(self):
        self.owed = defaultdict(int)
        self.minutes = Counter()
        self.largest = ("", 0)

    def put(self, tickets, prices):
        for ticket, price in zip(tickets, prices):
            self.owed[ticket.caller] += price
            self.minutes[ticket.called[:2]] += ticket.seconds / 60
            if self.owed[ticket.caller] > self.largest[1]:
                self.largest = (ticket.caller, self.owed[ticket.caller])

    def summary(self):
        total = sum(self.owed.values()) / 10000
        busiest = ", ".join(f"+{zone} {minutes:.0f} min" for zone, minutes in self.minutes.most_common(3))
        return f"{len(self.owed)} subscribers owe £{total:.2f}; most {self.largest[0]}; {busiest}\n"


class Billing:
    def __init__(self, inbox):
        self._inbox = inbox
        self._rating = Rating()
        self.ledger = Ledger()
        self.done, self.spent = 0, 0.0

    def work(self):
        while True:
            batch = self._inbox.get()
            self.ledger.put(batch.tickets, self._rating.prices(batch.tickets))
            self.done += 1
            self.spent += time.perf_counter() - batch.came


def main():
    lines = Lines()
    start_switches(lines.port)
    lines.accept(len(SWITCHES))
    billing = Billing(lines.inbox)
    threading.Thread(target=billing.work, daemon=True).start()
    while billing.done < 20:
        time.sleep(0.1)
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(2)
        pace = f"{billing.done} batches, {1000 * billing.spent / billing.done:.2f} ms until it is put to account"
        Path("ledger.txt").write_text(f"{pace}; {billing.ledger.summary()}")


if __name__ == "__main__":
    if sys.argv[1:] == ["engine"]:
        engine()
    else:
        main()
