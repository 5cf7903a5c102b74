# expect: healthy bench
"""A workshop for piñatas: shops send orders as JSON lines over TCP, the workshop checks each by its rules, plans the
strips of paper and the filling, and answers with a day. Two threads work off the orders; the plan of a day is printed.

Measured: an order takes 10 ms, 45 orders a second 0.35 cores; in the twin 1.8 ms and 0.045 cores.
"""

import contextlib
import json
import os
import queue
import random
import socket
import socketserver
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients  # noqa: E402
from services import outside  # noqa: E402

SHOPS = 5
ORDERS_A_SECOND = 45
WORKERS = 2
CAPACITY = 400  # minutes of gluing in a day
DAYS_SHOWN = 5

ORDER_RULES = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$defs": {
        "length": {"type": "number", "exclusiveMinimum": 0, "maximum": 250},
        "colour": {"type": "string", "pattern": "^(#[0-9a-f]{6}|[a-z]+)$"},
        "sweet": {
            "type": "object",
            "required": ["name", "pieces"],
            "properties": {
                "name": {"type": "string", "minLength": 2, "maxLength": 40},
                "pieces": {"type": "integer", "minimum": 1, "maximum": 500},
                "grams": {"type": "number", "minimum": 0.5},
            },
            "additionalProperties": False,
        },
        "part": {
            "type": "object",
            "required": ["form", "size"],
            "properties": {
                "form": {"enum": ["sphere", "cone", "cylinder", "star point"]},
                "size": {"type": "array", "items": {"$ref": "#/$defs/length"}, "minItems": 1, "maxItems": 3},
                "colours": {"type": "array", "items": {"$ref": "#/$defs/colour"}, "uniqueItems": True},
            },
        },
    },
    "type": "object",
    "required": ["order", "shop", "figure", "parts", "filling"],
    "properties": {
        "order": {"type": "integer", "minimum": 1},
        "shop": {"type": "string", "pattern": "^shop-[0-9]+$"},
        "figure": {"type": "string", "minLength": 3},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}, "minItems": 1, "maxItems": 12},
        "filling": {"type": "array", "items": {"$ref": "#/$defs/sweet"}, "maxItems": 8},
        "rope": {"$ref": "#/$defs/length"},
        "greeting": {"type": ["string", "null"], "maxLength": 80},
    },
    "additionalProperties": False,
}

jsonschema.Draft202012Validator.check_schema(ORDER_RULES)
ORDER_VALIDATOR = jsonschema.Draft202012Validator(ORDER_RULES)


class Refused(Exception):
    """An order that the workshop cannot make."""


@dataclass(slots=True)
class Plan:
    order: int
    figure: str
    strips: int
    minutes: int
    grams: float


@dataclass
class Day:
    number: int
    minutes: int = 0
    plans: list[Plan] = field(default_factory=list)


class OrderDesk:
    """Reads an order, or says why not."""

    def read(self, line):
        try:
            order = json.loads(line)
        except ValueError as error:
            raise Refused(f"not JSON: {error}") from error
        self.check(order)
        return order

    def check(self, order):
        try:
            ORDER_VALIDATOR.validate(order)
        except jsonschema.ValidationError as error:
            where = "/".join(str(step) for step in error.absolute_path)
            raise Refused(f"{where}: {error.message[:100]}") from error


class Planner:
    """Paper, paste and filling."""

    strip_cm2 = 30.0
    areas = {"sphere": 3.1, "cone": 2.4, "cylinder": 4.2, "star point": 1.6}

    def area(self, part):
        size = part["size"]
        return self.areas[part["form"]] * size[0] * (size[1] if len(size) > 1 else size[0])

    def strips(self, part):
        layers = 3 if part["size"][0] > 40 else 2
        colours = max(1, len(part.get("colours", ())))
        return layers * round(self.area(part) / self.strip_cm2) + 4 * colours

    def plan(self, order):
        strips = sum(self.strips(part) for part in order["parts"])
        grams = sum(sweet["pieces"] * sweet.get("grams", 6.0) for sweet in order["filling"])
        if grams > 6000:
            raise Refused("filling: too heavy for the rope")
        return Plan(order["order"], order["figure"], strips, 5 + strips // 60, grams)


class Calendar:
    """Fills the days of the gluers, and prints the one that is full."""

    def __init__(self, folder):
        self.folder = folder
        self.folder.mkdir(exist_ok=True)
        self.lock = threading.Lock()
        self.day = Day(1)

    def place(self, plan):
        full = None
        with self.lock:
            if self.day.minutes + plan.minutes > CAPACITY:
                full, self.day = self.day, Day(self.day.number + 1)
            self.day.minutes += plan.minutes
            self.day.plans.append(plan)
            number = self.day.number
        if full:
            self.show(full)
        return number

    def show(self, day):
        lines = [f"{p.figure:<14}{p.order:>9} {p.strips:>5} strips {p.grams:>7.0f} g" for p in day.plans]
        (self.folder / f"day-{day.number % DAYS_SHOWN}.txt").write_text("\n".join(lines) + "\n")


class Workshop:
    def __init__(self):
        self.desk, self.planner = OrderDesk(), Planner()
        self.calendar = Calendar(Path("days"))
        self.orders = queue.Queue(maxsize=200)
        self.seen = Counter()

    def work(self):
        while True:
            line, reply = self.orders.get()
            try:
                order = self.desk.read(line)
                day = self.calendar.place(self.planner.plan(order))
                self.seen["planned"] += 1
                reply(f"day {day}\n")
            except Refused as error:
                self.seen["refused"] += 1
                reply(f"refused {error}\n")


class Shop(socketserver.StreamRequestHandler):
    """The line of one shop: an order, an answer, the next order."""

    disable_nagle_algorithm = True

    def handle(self):
        with contextlib.suppress(ConnectionError):
            for line in self.rfile:
                self.server.workshop.orders.put((line, self.reply))

    def reply(self, text):
        with contextlib.suppress(OSError, ValueError):
            self.wfile.write(text.encode())


def orders():
    rng = random.Random(2)
    figures = ["donkey", "star", "parrot", "cactus", "lucha mask", "snail"]
    for number in range(1, 200):
        parts = [
            {
                "form": rng.choice(["sphere", "cone", "cylinder", "star point"]),
                "size": [rng.randrange(8, 60), rng.randrange(5, 50)],
                "colours": rng.sample(["pink", "lime", "#ffaa00", "white", "turquoise"], 2),
            }
            for _ in range(rng.randrange(2, 5))
        ]
        filling = [{"name": f"sweet {n}", "pieces": rng.randrange(10, 60), "grams": 5.5} for n in range(3)]
        order = {"order": number, "shop": f"shop-{number % SHOPS}", "figure": rng.choice(figures), "parts": parts}
        order |= {"filling": filling, "rope": 200}
        if number % 25 == 0:
            order["rope"] = "long"
        yield json.dumps(order).encode() + b"\n"


def shops(port):
    lines = list(orders())

    def send(number):
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            answers = line.makefile("rb")
            due = time.monotonic() + number / ORDERS_A_SECOND
            for at in range(number, 1 << 40, SHOPS):
                time.sleep(max(0.0, due - time.monotonic()))
                due = max(due + SHOPS / ORDERS_A_SECOND, time.monotonic() - 1)
                line.sendall(lines[at % len(lines)])
                answers.readline()

    clients.crowd(send, SHOPS)


def main():
    workshop = Workshop()
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Shop)
    server.daemon_threads = True
    server.workshop = workshop
    outside(lambda: shops(server.server_address[1]))
    for number in range(WORKERS):
        threading.Thread(target=workshop.work, name=f"worker-{number}", daemon=True).start()
    threading.Timer(1.5, lambda: print(f"ready {os.getpid()}", flush=True)).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
