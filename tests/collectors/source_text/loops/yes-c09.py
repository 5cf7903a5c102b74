from collections import namedtuple

Booking = namedtuple("Booking", "room start end guest")


def find_double_bookings(bookings):
    conflicts = []
    for i, a in enumerate(bookings):  # <- outer
        for b in bookings[i + 1:]:
            if a.room == b.room and a.start < b.end and b.start < a.end:  # <- 0
                conflicts.append((a, b))
    return conflicts


def report(path, stream):
    bookings = [Booking(*parts) for parts in read_rows(path)]
    for a, b in find_double_bookings(bookings):
        stream.write(f"{a.room}: {a.guest} / {b.guest}\n")
