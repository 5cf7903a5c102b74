# expect: healthy bench
"""Writes the weekly letters of a publisher: which titles a customer takes, until when, and what they cost. With the
ORM of SQLAlchemy on PostgreSQL."""

import logging
import os
import sys
import textwrap
import time
import zlib
from pathlib import Path

from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

sys.path.append(str(Path(__file__).parents[2]))
import services

CUSTOMERS, PAGE = 3000, 60
logging.basicConfig(filename="mailer.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    subscriptions: Mapped[list["Subscription"]] = relationship(order_by="Subscription.id")


class Subscription(Base):
    __tablename__ = "subscriptions"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    title: Mapped[str]
    weeks: Mapped[int]
    cents: Mapped[int]


def pages(engine):
    """The customers, some at a time, for ever."""
    whole = selectinload(Customer.subscriptions)
    while True:
        for first in range(0, CUSTOMERS, PAGE):
            with Session(engine) as session:
                asked = select(Customer).where(Customer.id > first).order_by(Customer.id).limit(PAGE).options(whole)
                yield session.scalars(asked).all()


def letter(customer):
    lines = [f"Dear {customer.name},", ""]
    total = 0
    for one in customer.subscriptions:
        total += one.cents
        lines.append(f"{one.title:<30} for {one.weeks:3} more weeks, at {one.cents / 100:7.2f} EUR")
    lines += ["", f"Together {total / 100:.2f} EUR a year."]
    news = f"This week we write about the rain of number {customer.id}, and what became of it. " * 6
    return "\n".join([*lines, *textwrap.wrap(news, 72)])


class Outbox:
    """Letters go to the printer in packs."""

    def __init__(self, path):
        self._file = open(path, "wb")
        self.letters = 0

    def send(self, letters):
        self._file.seek(0)
        self._file.write(zlib.compress("\f".join(letters).encode()))
        self._file.flush()
        self.letters += len(letters)


def main():
    port = services.postgres(
        "create table customers (id int primary key, name text)",
        "create table subscriptions (id int primary key, customer_id int, title text, weeks int, cents int)",
        f"insert into customers select n, 'customer ' || n from generate_series(1, {CUSTOMERS}) n",
        f"insert into subscriptions select n, 1 + n % {CUSTOMERS}, 'title ' || n % 40, n % 52, 900 + n % 5000"
        f" from generate_series(1, {CUSTOMERS * 4}) n",
        "create index on subscriptions (customer_id)",
        "analyze",
    )
    engine = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres")
    outbox = Outbox("letters.pack")
    print("ready", os.getpid(), flush=True)
    told = time.monotonic()
    for customers in pages(engine):
        outbox.send([letter(customer) for customer in customers])
        if time.monotonic() - told > 1:
            told = time.monotonic()
            logging.info("%d letters", outbox.letters)


main()
