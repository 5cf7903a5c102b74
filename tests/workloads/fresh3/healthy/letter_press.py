# expect: healthy bench
"""Makes the yearly statements of a savings bank, with a template of Mako that is compiled once. Interest is counted for
the days between two bookings."""

import logging
import os
import time
import zlib

from mako.template import Template

BOOKINGS = 40
logging.basicConfig(filename="statements.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
STATEMENT = Template(
    """\\
<%def name="money(cents)">${f"{cents / 100:,.2f}"} EUR</%def>\\
Dear ${account.holder | h},

your account ${account.number} in the last year:
% for booking in bookings:
${f"{booking.day:>4}"}. day  ${f"{booking.text:<28}" | h} ${money(booking.cents)}
% endfor
It bore interest of ${money(interest)}; you now have ${money(account.cents)}.
""",
    strict_undefined=True,
)


class Booking:
    __slots__ = ("cents", "day", "text")

    def __init__(self, day, cents, text):
        self.day, self.cents, self.text = day, cents, text


class Account:
    RATES = ((0, 0.0), (100_000, 0.011), (1_000_000, 0.017))

    def __init__(self, number):
        self.number, self.holder = f"DE{number:010}", f"Holder & heirs of {number}"
        self.cents = 50_000 + number * 7919 % 900_000

    def bookings(self, number):
        for step in range(BOOKINGS):
            mixed = (number * 31 + step * 104729) % 1000003
            yield Booking(step * 9, mixed % 40_000 - 15_000, f"transfer <{mixed % 977}>")

    def rate(self):
        return next(rate for least, rate in reversed(self.RATES) if self.cents >= least or not least)

    def settle(self, bookings):
        """Books what came, and the interest of the days between."""
        interest, day = 0.0, 0
        for booking in bookings:
            interest += self.cents * self.rate() * (booking.day - day) / 365
            self.cents += booking.cents
            day = booking.day
        interest += self.cents * self.rate() * (365 - day) / 365
        self.cents += round(interest)
        return round(interest)


def statements():
    for number in range(1 << 40):
        account = Account(number)
        bookings = list(account.bookings(number))
        interest = account.settle(bookings)
        yield STATEMENT.render(account=account, bookings=bookings, interest=interest)


def main():
    packer, pack, packed, count = zlib.compressobj(6), [], 0, 0
    print("ready", os.getpid(), flush=True)
    told = time.monotonic()
    for count, text in enumerate(statements(), 1):
        pack.append(packer.compress(text.encode()))
        if count % 500 == 0:
            with open("statements.pack", "wb") as file:
                file.write(b"".join(pack) + packer.flush())
                packed += file.tell()
            packer, pack = zlib.compressobj(6), []
        if time.monotonic() - told > 1:
            told = time.monotonic()
            logging.info("%d statements, %d kB packed", count, packed >> 10)


main()
