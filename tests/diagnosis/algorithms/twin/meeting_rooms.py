"""How many rooms does a campus need? Analyses a calendar dump."""
import json
from datetime import datetime
from typing import NamedTuple


class Booking(NamedTuple):
    room: str
    start: int
    end: int


def minutes(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp()) // 60


def load(path):
    with open(path) as fh:
        return [
            Booking(item["room"], minutes(item["from"]), minutes(item["to"]))
            for item in json.load(fh)
        ]


def edges(bookings):
    for b in bookings:
        yield b.start, 1
        yield b.end, -1


def peak(bookings):
    best, best_at, count = 0, None, 0
    for moment, step in sorted(edges(bookings)):  # <- hot 60
        count += step  # <- hot 10
        if count > best:  # <- hot 10
            best, best_at = count, moment
    return best, best_at


def by_building(bookings):
    groups = {}
    for b in bookings:
        groups.setdefault(b.room.split("-", 1)[0], []).append(b)
    return groups


def main(path):
    bookings = load(path)
    for building, items in sorted(by_building(bookings).items()):
        count, moment = peak(items)
        when = datetime.fromtimestamp(moment * 60)
        print(f"{building}: {count} rooms needed ({when:%a %H:%M})")


if __name__ == "__main__":
    import sys

    main(sys.argv[1])
