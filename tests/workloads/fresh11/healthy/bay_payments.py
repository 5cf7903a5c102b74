# expect: healthy bench
"""Takes payments by telephone for parking bays: the telephone company's gateway sends what callers keyed in, in bundles;
the clerks (threads) look at each, sign it, have the caller's bank book it, and keep the stays and the day's totals. A
payment that the bank turns down is put aside for the next morning.
"""

import hashlib
import heapq
import hmac
import json
import os
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from queue import Queue

sys.path.append(str(Path(__file__).parents[2]))
import services

CLERKS = 6
PER_SECOND = 150
SECRET = hashlib.sha256(b"bays of the city").digest()
TARIFF = {"A": 320, "B": 240, "C": 160, "D": 90}  # cents an hour
FREE = {"disabled", "electric"}


@dataclass(frozen=True)
class Payment:
    number: int
    caller: str
    plate: str
    zone: str
    minutes: int
    kind: str

    @classmethod
    def read(cls, line):
        number, caller, plate, zone, minutes, kind = line.split("\t")
        return cls(int(number), caller, plate, zone, int(minutes), kind)

    @property
    def cents(self):
        return 0 if self.kind in FREE else -(-TARIFF[self.zone] * self.minutes // 60)

    def signed(self):
        said = f"{self.number}|{self.caller}|{self.cents}"
        return f"{said}|{hmac.new(SECRET, said.encode(), 'sha256').hexdigest()}".encode()


class Stays:
    """Until when each plate may stand, the earliest end first."""

    def __init__(self):
        self._lock = threading.Lock()
        self._until = {}
        self._ends = []

    def extend(self, plate, minutes):
        now = time.time()
        with self._lock:
            until = self._until[plate] = max(self._until.get(plate, now), now) + minutes * 60
            heapq.heappush(self._ends, (until, plate))
            if len(self._ends) > 4000:  # more than there are bays: the earliest have left
                self._drop()
        return until

    def _drop(self):
        until, plate = heapq.heappop(self._ends)
        if self._until.get(plate) == until:
            del self._until[plate]

    def __len__(self):
        with self._lock:
            return len(self._until)


class Totals:
    def __init__(self):
        self._lock = threading.Lock()
        self._cents, self._payments = Counter(), Counter()
        self.aside = 0

    def add(self, payment, booked):
        with self._lock:
            if booked:
                self._cents[payment.zone] += payment.cents
                self._payments[payment.kind] += 1
            else:
                self.aside += 1

    def told(self):
        with self._lock:
            return {"cents": dict(self._cents), "payments": dict(self._payments), "aside": self.aside}


class Clerk(threading.Thread):
    """Does one payment after the other, with a line of its own to the bank."""

    def __init__(self, number, payments, stays, totals, port):
        super().__init__(name=f"clerk-{number}", daemon=True)
        self.payments, self.stays, self.totals = payments, stays, totals
        self.bank = HTTPConnection("127.0.0.1", port, timeout=5)

    def book(self, payment):
        if not payment.cents:
            return True
        try:
            self.bank.request("POST", f"/book/{payment.caller}", payment.signed())
            answer = self.bank.getresponse()
            return b'"booked"' in answer.read() and answer.status == 200
        except (OSError, HTTPException):
            self.bank.close()  # opened again by the next request
            return False

    def plausible(self, payment):
        letters, _, digits = payment.plate.partition("-")
        return letters.isalpha() and digits.isdigit() and 5 <= payment.minutes <= 720

    def run(self):
        while True:
            payment = self.payments.get()
            booked = self.plausible(payment) and self.book(payment)
            if booked:
                self.stays.extend(payment.plate, payment.minutes)
            self.totals.add(payment, booked)


def bank_service():
    """The banks' clearing, elsewhere."""

    def answer(path):
        time.sleep(0.004)
        return json.dumps({"state": "short" if path.endswith("7") else "booked"}).encode()

    return services.http_service(answer)


def gateway(port, chance):
    """The telephone company: what callers keyed in within a fifth of a second comes in one bundle."""
    number, due = 0, time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as line:
        while True:
            bundle = []
            for _ in range(PER_SECOND // 5):
                number += 1
                plate = f"{chance.choice(('KA', 'PF', 'HD', 'MA'))}-{chance.randrange(100, 9999)}"
                kind = chance.choice(("car", "car", "car", "van", "disabled", "electric"))
                minutes = chance.choice((20, 30, 60, 90, 120, 180))
                words = (number, f"49{chance.randrange(10**9)}", plate, chance.choice("ABCD"), minutes, kind)
                bundle.append("\t".join(map(str, words)))
            line.sendall(("\n".join(bundle) + "\n").encode())
            due += 0.2
            time.sleep(max(0.0, due - time.monotonic()))


def board(stays, totals, path):
    while True:
        time.sleep(2)
        path.write_text(json.dumps(totals.told() | {"standing": len(stays)}))


def main():
    payments, stays, totals = Queue(maxsize=500), Stays(), Totals()
    port = bank_service()
    listener = socket.create_server(("127.0.0.1", 0))
    services.outside(lambda: gateway(listener.getsockname()[1], random.Random(41)))
    line, _ = listener.accept()
    for number in range(CLERKS):
        Clerk(number, payments, stays, totals, port).start()
    path = Path(tempfile.mkdtemp(prefix="bays-")) / "totals.txt"
    threading.Thread(target=board, args=(stays, totals, path), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    with line.makefile("r", encoding="utf-8") as lines:
        for said in lines:
            payments.put(Payment.read(said.rstrip("\n")))


if __name__ == "__main__":
    main()
