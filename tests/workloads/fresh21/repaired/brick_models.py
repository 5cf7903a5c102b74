# expect: healthy bench
# Writes the building files of brick models (LDraw: a line for each part, with colour, place and turn) for the shop of a
# brick fair: orders come in on a line, one after the other; each names a model and its size, is laid out course by
# course, written as a file with its parts list, and answered with its name, its number of parts and its price.
#
# Measured: an order takes 111 ms, in the twin 24 ms, three a second; CPU 28.5 % of a core, in the twin 7.3 %.
import os
import socket
import sys
import time
import zlib
from collections import Counter
from dataclasses import dataclass

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import outside

COLOURS = {"red": 4, "blue": 1, "yellow": 14, "white": 15, "grey": 7, "green": 2}
PARTS = {2: ("3004.dat", 8), 3: ("3622.dat", 10), 4: ("3010.dat", 13), 6: ("3009.dat", 19), 8: ("3008.dat", 24)}
STUD = 20
COURSE = 24
ALONG = "1 0 0 0 1 0 0 0 1"
ACROSS = "0 0 1 0 1 0 -1 0 0"
MODELS = ("lighthouse", "mill", "gatehouse", "brewery", "granary")
ORDERS_PER_SECOND = 3


class BadOrder(ValueError):
    pass


@dataclass(frozen=True)
class Order:
    number: int
    model: str
    courses: int
    width: int
    colour: str

    @classmethod
    def parse(cls, line):
        try:
            number, model, courses, width, colour = line.split()
            order = cls(int(number), model, int(courses), int(width), colour)
        except ValueError as error:
            raise BadOrder(f"cannot read {line!r}") from error
        if order.model not in MODELS or order.colour not in COLOURS:
            raise BadOrder(f"nobody builds a {order.colour} {order.model}")
        if not (1 <= order.courses <= 200 and 16 <= order.width <= 128):
            raise BadOrder("too large or too small")
        return order


@dataclass(frozen=True)
class Brick:
    length: int
    x: int
    y: int
    z: int
    across: bool
    colour: int


class Mason:
    """Lays the four walls of a model, each course in a bond of its own, with windows as the model has them."""

    def __init__(self, order):
        self.order = order
        self.colour = COLOURS[order.colour]
        self.trim = COLOURS["white"] if order.colour != "white" else COLOURS["grey"]

    def lengths(self, course, wall):
        """The bricks of one wall of one course: together as long as the wall."""
        left = self.order.width
        at = (course * 3 + wall * 5 + len(self.order.model)) % 4
        while left:
            length = (4, 6, 3, 8)[at % 4]
            at += 1
            if length > left or left - length == 1:
                length = next(fit for fit in (8, 6, 4, 3, 2) if fit <= left and left - fit != 1)
            yield length
            left -= length

    def window(self, course, offset):
        row = course % 12
        return 4 <= row <= 8 and offset % 16 in (6, 7, 8)

    def courses(self):
        for course in range(self.order.courses):
            yield course, list(self.course(course))

    def course(self, course):
        side = self.order.width * STUD
        for wall in range(4):
            offset = 0
            for length in self.lengths(course, wall):
                middle = (offset + length / 2) * STUD
                place = (int(middle), 0) if wall % 2 == 0 else (0, int(middle))
                if wall >= 2:
                    place = (place[0], side) if wall == 2 else (side, place[1])
                if not self.window(course, offset):
                    colour = self.trim if course % 12 == 11 else self.colour
                    yield Brick(length, place[0], -course * COURSE, place[1], wall % 2 == 1, colour)
                offset += length


class Sheet:
    """The text of a building file."""

    def __init__(self, title):
        self.lines = []
        self.line(f"0 {title}")
        self.line("0 Author: the brick fair")

    def line(self, text):
        self.lines.append(text + "\n")

    def step(self):
        self.line("0 STEP")

    def part(self, brick):
        name = PARTS[brick.length][0]
        turn = ACROSS if brick.across else ALONG
        self.line(f"1 {brick.colour} {brick.x} {brick.y} {brick.z} {turn} {name}")

    def encoded(self):
        return "".join(self.lines).encode("ascii")


class Shop:
    def __init__(self, folder, kept=40):
        self.folder = folder
        self.kept = kept
        self.served = 0
        self.spent = 0.0
        os.makedirs(folder, exist_ok=True)

    def path(self, order):
        return os.path.join(self.folder, f"{order.number % self.kept:02d}-{order.model}.ldr")

    def write(self, order):
        """The file, the number of its parts, and its price in pence."""
        sheet = Sheet(f"{order.model} {order.number}")
        needed = Counter()
        for _, bricks in Mason(order).courses():
            for brick in bricks:
                sheet.part(brick)
                needed[brick.length] += 1
            sheet.step()
        price = sum(PARTS[length][1] * number for length, number in needed.items())
        for length, number in sorted(needed.items()):
            sheet.line(f"0 // {number} x {PARTS[length][0]}")
        data = sheet.encoded()
        with open(self.path(order), "wb") as file:
            file.write(data)
        return zlib.crc32(data), needed.total(), price

    def answer(self, line):
        from_ = time.perf_counter()
        try:
            order = Order.parse(line)
            check, parts, price = self.write(order)
        except BadOrder as error:
            return f"sorry {error}"
        self.served += 1
        self.spent += time.perf_counter() - from_
        return f"written {order.number} {check:08x} {parts} {price}"


def visitors(port):
    """Orders come at a rate of their own."""
    due = time.monotonic()
    with socket.create_connection(("127.0.0.1", port)) as line, line.makefile("rb") as told:
        number = 0
        while True:
            number += 1
            colour = list(COLOURS)[number % len(COLOURS)]
            order = f"{number} {MODELS[number % 5]} {100 + number % 9} {112 + number * 4 % 17} {colour}"
            line.sendall(order.encode() + b"\n")
            if not told.readline():
                return
            due = max(due + 1 / ORDERS_PER_SECOND, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


def main():
    shop = Shop("models")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        outside(lambda: visitors(port))
        line, _ = listener.accept()
    with line, line.makefile("rb") as orders:
        for raw in orders:
            line.sendall(shop.answer(raw.decode("ascii", "replace").strip()).encode() + b"\n")
            if shop.served == 4:
                print("ready", os.getpid(), flush=True)
            if shop.served % 30 == 0:
                print(f"{shop.served} written, {shop.spent / shop.served * 1000:.1f} ms each", file=sys.stderr)


if __name__ == "__main__":
    main()
