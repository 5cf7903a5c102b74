# expect: healthy bench
"""The desk behind a saleroom for stamps: the bidders' paddles on the phones send a bid a line and get the standing of
the lot at once. A clerk's thread lets the hammer fall, and the book of bids is written through a buffer that is brought
to the disk when a lot is sold. (A line for each bid must be answered before the next is made; the one lock guards a few
assignments; the clerk sleeps until the hammer is due or a bid puts it off.)
"""

import os
import random
import socketserver
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

STEPS = ((50, 2), (100, 5), (500, 20), (2000, 50), (1 << 40, 200))
CALLED_FOR = 0.8  # seconds that a lot is called at most
QUIET = 0.35  # seconds without a bid until the hammer falls


@dataclass
class Lot:
    number: int
    estimate: int
    standing: int
    holder: str = ""
    bids: int = 0


def step_at(euros):
    return next(step for limit, step in STEPS if euros < limit)


class Catalogue:
    """The lots in their order, from a fund that begins anew when it is through."""

    def __init__(self, chance):
        self._chance = chance
        self._number = 0

    def next(self):
        self._number += 1
        estimate = self._chance.choice((30, 60, 120, 400, 900))
        return Lot(self._number, estimate, round(estimate * 0.6))


class Sale:
    def __init__(self, catalogue, book):
        self._catalogue = catalogue
        self._book = book
        self._changed = threading.Condition()
        self._lot = catalogue.next()
        self._closes = time.monotonic() + CALLED_FOR
        self._last = time.monotonic()
        self.sold = Counter()
        self.turnover = 0

    def bid(self, paddle, euros):
        """Take a bid; what the bidder is told."""
        with self._changed:
            lot = self._lot
            asked = lot.standing + step_at(lot.standing)
            taken = paddle != lot.holder and euros >= asked
            if taken:
                lot.standing, lot.holder = asked, paddle
                lot.bids += 1
                self._last = time.monotonic()
            number, standing, holder = lot.number, lot.standing, lot.holder
        if taken:
            self._book.write(f"{number};{paddle};{asked}\n")
        yours = "yours" if holder == paddle else "against you"
        return f"lot {number} at {standing}, {yours}"

    def _due(self):
        return min(self._closes, self._last + QUIET)

    def clerk(self):
        """Let the hammer fall when nobody bids any more, and call the next lot."""
        while True:
            with self._changed:
                while (left := self._due() - time.monotonic()) > 0:
                    self._changed.wait(left)
                sold = self._lot
                self._lot = self._catalogue.next()
                self._last = time.monotonic()
                self._closes = self._last + CALLED_FOR
            if sold.holder:
                self.turnover += sold.standing
                self.sold[sold.holder] += 1
            self._book.write(f"{sold.number};{sold.holder or 'unsold'};hammer\n")
            self._book.flush()


class Phone(socketserver.StreamRequestHandler):
    """The line of one bidder, for as long as the sale goes on."""

    disable_nagle_algorithm = True

    def handle(self):
        for line in self.rfile:
            words = line.decode().split()
            answer = "not understood"
            if len(words) == 2 and words[1].isdigit():
                answer = self.server.sale.bid(words[0], int(words[1]))
            self.wfile.write(f"{answer}\n\n".encode())


class Exchange(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, sale):
        super().__init__(("127.0.0.1", 0), Phone)
        self.sale = sale


def some_bids(chance):
    return [f"P{chance.randrange(100, 140)} {chance.randrange(20, 3000)}" for _ in range(500)]


def main():
    folder = Path(tempfile.mkdtemp(prefix="saleroom-"))
    chance = random.Random(1847)
    with open(folder / "bids.csv", "w", encoding="utf-8") as book:
        sale = Sale(Catalogue(chance), book)
        exchange = Exchange(sale)
        port = exchange.server_address[1]
        bids = some_bids(chance)
        services.outside(lambda: clients.ask_lines(port, bids, 12, 0.02))
        threading.Thread(target=exchange.serve_forever, args=(5,), daemon=True).start()
        threading.Thread(target=sale.clerk, daemon=True).start()
        print("ready", os.getpid(), flush=True)
        while True:
            time.sleep(4)
            best = ", ".join(f"{paddle}: {lots}" for paddle, lots in sale.sold.most_common(3))
            (folder / "state.txt").write_text(f"{sale.turnover} euros; {best}\n")


if __name__ == "__main__":
    main()
