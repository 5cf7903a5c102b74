# expect: pattern=repeated-query bench
"""The night audit of a group of hotels: who is in the house, what each owes, and the tax on tourists for each town.

Measured: 6 audits a second, of 141 statements each; 52 in the twin, of 2.
"""

import collections
import csv
import datetime
import logging
import os
import sys
import time
from decimal import Decimal
from pathlib import Path

from sqlalchemy import ForeignKey, Numeric, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

sys.path.append(str(Path(__file__).parents[2]))
import services

HOTELS, STAYS, GUESTS = 12, 70, 900
TODAY = datetime.date(2026, 5, 2)
logging.basicConfig(filename="audit.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Base(DeclarativeBase):
    pass


class Hotel(Base):
    __tablename__ = "hotels"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    tax_cents: Mapped[int]


class Guest(Base):
    __tablename__ = "guests"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    country: Mapped[str]
    business: Mapped[bool]


class Charge(Base):
    __tablename__ = "charges"
    id: Mapped[int] = mapped_column(primary_key=True)
    stay_id: Mapped[int] = mapped_column(ForeignKey("stays.id"))
    kind: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(9, 2))


class Stay(Base):
    __tablename__ = "stays"
    id: Mapped[int] = mapped_column(primary_key=True)
    hotel_id: Mapped[int] = mapped_column(ForeignKey("hotels.id"))
    guest_id: Mapped[int] = mapped_column(ForeignKey("guests.id"))
    arrival: Mapped[datetime.date]
    departure: Mapped[datetime.date]
    guest: Mapped[Guest] = relationship()
    charges: Mapped[list[Charge]] = relationship(order_by=Charge.id)  # <- cost


class Folio:
    """What a guest owes, by kind."""

    def __init__(self, stay, tax_cents):
        self.guest = stay.guest  # <- cost
        self.nights = (min(TODAY, stay.departure) - stay.arrival).days
        self.sums = collections.defaultdict(Decimal)
        for charge in stay.charges:  # <- cost
            self.sums[charge.kind] += charge.amount
        if not self.guest.business:
            self.sums["tax"] += Decimal(tax_cents * self.nights) / 100

    @property
    def total(self):
        return sum(self.sums.values(), Decimal())


def in_house(session, hotel):
    """The stays of this night."""
    found = select(Stay).where(Stay.hotel_id == hotel.id, Stay.arrival <= TODAY, Stay.departure > TODAY)
    return session.scalars(found.order_by(Stay.id)).all()  # <- cost


def audit(session, hotel):
    folios = [Folio(stay, hotel.tax_cents) for stay in in_house(session, hotel)]  # <- cost
    kinds = sorted({kind for folio in folios for kind in folio.sums})
    with open(f"hotel-{hotel.id}.new", "w", newline="") as report:
        table = csv.writer(report)
        table.writerow(["guest", "country", "nights", *kinds, "total"])
        for folio in folios:
            sums = [folio.sums.get(kind, 0) for kind in kinds]
            table.writerow([folio.guest.name, folio.guest.country, folio.nights, *sums, folio.total])
    os.replace(f"hotel-{hotel.id}.new", f"hotel-{hotel.id}.csv")
    return len(folios), sum(folio.total for folio in folios)


def main():
    port = services.postgres(
        "create table hotels (id int primary key, name text, tax_cents int)",
        f"insert into hotels select n, 'Hotel ' || n, 150 + n * 25 from generate_series(1, {HOTELS}) n",
        "create table guests (id int primary key, name text, country text, business bool)",
        f"insert into guests select n, 'Guest ' || n, 'C' || n % 30, n % 4 = 0 from generate_series(1, {GUESTS}) n",
        "create table stays (id int primary key, hotel_id int, guest_id int, arrival date, departure date)",
        f"insert into stays select n, 1 + n % {HOTELS}, 1 + n % {GUESTS}, date '2026-05-01' - n % 6,"
        f" date '2026-05-04' + n % 5 from generate_series(1, {HOTELS * STAYS}) n",
        "create table charges (id serial primary key, stay_id int, kind text, amount numeric(9, 2))",
        "insert into charges (stay_id, kind, amount) select n, (array['room', 'bar', 'spa', 'phone'])[1 + k % 4],"
        f" 10 + n * k % 90 from generate_series(1, {HOTELS * STAYS}) n, generate_series(1, 8) k",
        "create index on stays (hotel_id)",
        "create index on charges (stay_id)",
        "analyze",
    )
    engine = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres")
    with Session(engine) as session:
        hotels = session.scalars(select(Hotel).order_by(Hotel.id)).all()
        session.expunge_all()
    print("ready", os.getpid(), flush=True)
    audits, told = 0, time.monotonic()
    while True:
        with Session(engine) as session:
            guests, owed = audit(session, hotels[audits % HOTELS])
        audits += 1
        if time.monotonic() - told > 1:
            told = time.monotonic()
            logging.info("%d audits, the last: %d folios, %s EUR", audits, guests, owed)


main()
