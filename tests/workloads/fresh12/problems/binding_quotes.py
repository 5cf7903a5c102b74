# expect: pattern=serialization-overhead bench
"""Quotes of a bookbinder's shop: its web front sends the books that a customer wants bound, in whose binding, leather and
paper; the bench answers with the price of each, from the workshop's catalogue and the terms of that customer.
Measured: a basket of six books takes 11 ms, 99 % of it to copy the catalogue; 0.07 ms in the twin.
"""

import copy
import os
import random
import socketserver
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

COLOURS = ["black", "oxblood", "bottle green", "navy", "tan", "ivory"]
SKINS = ["goat", "calf", "sheep", "pig", "vellum", "buckram", "linen", "silk"]
GRADES = ["first", "second", "repair", "archival", "shagreen"]
BINDINGS = {"quarter": 0.3, "half": 0.55, "full": 1.0, "case": 0.9, "limp": 0.8}
MINUTES = {"quarter": 95, "half": 130, "full": 210, "case": 45, "limp": 70}
WAGE = 78  # cents a minute


def workshop_catalogue(chance):
    """What the workshop has: coverings by their grade, endpapers, and extras."""
    coverings = {
        f"{skin}-{grade}": {
            "dm2": chance.randrange(40, 420),
            "waste": round(chance.uniform(1.05, 1.4), 2),
            "colours": {
                colour: {"hides": chance.randrange(12), "extra": chance.randrange(0, 60)} for colour in COLOURS
            },
            "suppliers": [chance.choice(["Hewit", "Harmatan", "Relma"]), "house"],
        }
        for skin in SKINS
        for grade in GRADES
    }
    papers = {f"marbled-{number}": {"sheet": 300 + number * 17, "sheets": [50, 70, 100]} for number in range(60)}
    extras = {name: {"cents": cents} for name, cents in [("gilding", 4200), ("headband", 650), ("box", 8900)]}
    return {"coverings": coverings, "papers": papers, "extras": extras}


@dataclass(frozen=True)
class Customer:
    name: str
    discount: float
    own_paper: bool


@dataclass(frozen=True)
class Book:
    binding: str
    covering: str
    colour: str
    paper: str
    height: int  # mm
    width: int
    thickness: int
    extras: tuple

    @classmethod
    def parse(cls, text):
        binding, covering, colour, paper, size, extras = text.split(":")
        height, width, thickness = map(int, size.split("x"))
        return cls(binding, covering, colour, paper, height, width, thickness, tuple(filter(None, extras.split("+"))))

    @property
    def area(self):
        """dm² of covering, with 15 mm to turn in at each side."""
        return (self.height + 30) * (2 * self.width + self.thickness + 30) / 10_000 * BINDINGS[self.binding]


class Quotes:
    def __init__(self, catalogue, customers):
        self._catalogue = catalogue
        self._customers = customers
        self._lock = Lock()
        self.baskets = 0
        self.spent = 0.0

    def terms(self, customer):
        """The catalogue as this customer pays it."""
        mine = copy.deepcopy(self._catalogue)  # <- cost
        for covering in mine["coverings"].values():
            covering["dm2"] *= 1 - customer.discount
        if customer.own_paper:
            for paper in mine["papers"].values():
                paper["sheet"] = 0
        return mine

    def price(self, book, customer):
        catalogue = self.terms(customer)  # <- cost
        covering = catalogue["coverings"][book.covering]
        leather = book.area * covering["waste"] * (covering["dm2"] + covering["colours"][book.colour]["extra"])
        paper = 2 * catalogue["papers"][book.paper]["sheet"]
        extras = sum(catalogue["extras"][name]["cents"] for name in book.extras)
        return round(leather + paper + extras + MINUTES[book.binding] * WAGE)

    def basket(self, name, books):
        began = time.perf_counter()
        customer = self._customers[name]
        with self._lock:
            prices = [self.price(book, customer) for book in books]  # <- cost
        self.baskets += 1
        self.spent += time.perf_counter() - began
        return prices

    def new_prices(self, chance):
        """What the suppliers changed since yesterday."""
        with self._lock:
            for name in chance.sample(sorted(self._catalogue["coverings"]), 3):
                covering = self._catalogue["coverings"][name]
                covering["dm2"] = max(40, covering["dm2"] + chance.randrange(-5, 6))


class Front(socketserver.StreamRequestHandler):
    """The line to the web front: a basket on a line; a price for each book, an empty line."""

    quotes = None
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle(self):
        for line in self.rfile:
            name, *books = line.decode().strip().split(";")
            prices = self.quotes.basket(name, [Book.parse(book) for book in books])  # <- cost
            answer = [f"{cents // 100}.{cents % 100:02}" for cents in prices]
            self.wfile.write("\n".join([*answer, "", ""]).encode())
            self.wfile.flush()


def some_baskets(catalogue, customers, chance):
    baskets = []
    for _ in range(80):
        books = [
            ":".join(
                [
                    chance.choice(list(BINDINGS)),
                    chance.choice(list(catalogue["coverings"])),
                    chance.choice(COLOURS),
                    chance.choice(list(catalogue["papers"])),
                    f"{chance.randrange(150, 420)}x{chance.randrange(100, 300)}x{chance.randrange(10, 70)}",
                    "+".join(chance.sample(["gilding", "headband", "box"], chance.randrange(3))),
                ]
            )
            for _ in range(6)
        ]
        baskets.append(";".join([chance.choice(list(customers)), *books]))
    return baskets


def main():
    folder = Path(tempfile.mkdtemp(prefix="bindery-"))
    chance = random.Random(17)
    catalogue = workshop_catalogue(chance)
    people = [Customer(f"c{number}", number % 5 * 0.03, number % 7 == 0) for number in range(40)]
    customers = {customer.name: customer for customer in people}
    quotes = Front.quotes = Quotes(catalogue, customers)
    server = socketserver.TCPServer(("127.0.0.1", 0), Front)
    Thread(target=server.serve_forever, daemon=True).start()
    baskets = some_baskets(catalogue, customers, chance)
    services.outside(lambda: clients.ask_lines(server.server_address[1], baskets, 1, 0.015))
    print("ready", os.getpid(), flush=True)
    while True:
        time.sleep(2)
        quotes.new_prices(chance)
        mean = quotes.spent / max(1, quotes.baskets) * 1000
        (folder / "quotes.txt").write_text(f"{quotes.baskets} baskets, {mean:.2f} ms each\n")


if __name__ == "__main__":
    main()
