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


def concurrent_at(bookings, moment):
    return sum(1 for b in bookings if b.start <= moment < b.end)  # <- cost hot 96


def peak(bookings):
    best, best_at = 0, None
    for b in bookings:
        count = concurrent_at(bookings, b.start)  # <- cost
        if count > best:
            best, best_at = count, b.start
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
