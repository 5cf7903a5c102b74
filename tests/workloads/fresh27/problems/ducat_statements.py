# expect: pattern=repeated-query bench
"""Statements of the ducat accounts: an HTTP service that gives the monthly statement of an account as JSON, out of
PostgreSQL. The app of the customers asks for about 20 statements a second.

Measured: an answer takes 60 to 100 ms (median) here and 6 to 12 ms in the mended one; 0.5 cores against 0.1 to 0.2.
"""

import os
import random
import sys
from contextlib import asynccontextmanager
from datetime import date, timedelta
from decimal import Decimal
from threading import Thread

import uvicorn
from fastapi import FastAPI, HTTPException
from sqlalchemy import ForeignKey, Numeric, String, create_engine, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

ACCOUNTS = 240
MERCHANTS = 900
POSTINGS_PER_ACCOUNT = 70
STATEMENTS_PER_SECOND = 20


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    holder: Mapped[str] = mapped_column(String(60))
    opening: Mapped[Decimal] = mapped_column(Numeric(14, 2))


class Merchant(Base):
    __tablename__ = "merchant"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    category: Mapped[str] = mapped_column(String(20))
    town: Mapped[str] = mapped_column(String(40))


class Posting(Base):
    __tablename__ = "posting"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchant.id"))
    booked: Mapped[date]
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    merchant: Mapped[Merchant] = relationship()


def fill(engine):
    rng = random.Random(1284)
    Base.metadata.create_all(engine)
    kinds = ("mint", "inn", "ferry", "spices", "cloth", "candles")
    first = date(2024, 3, 1)
    with Session(engine) as session:
        session.execute(
            insert(Account),
            [
                {"id": n, "holder": f"Holder {n}", "opening": Decimal(rng.randrange(5000, 90000)) / 10}
                for n in range(ACCOUNTS)
            ],
        )
        session.execute(
            insert(Merchant),
            [
                {"id": n, "name": f"House of {n * 37 % 1009}", "category": rng.choice(kinds), "town": f"Town {n % 41}"}
                for n in range(MERCHANTS)
            ],
        )
        session.execute(
            insert(Posting),
            [
                {
                    "account_id": account,
                    "merchant_id": rng.randrange(MERCHANTS),
                    "booked": first + timedelta(days=rng.randrange(31)),
                    "amount": Decimal(rng.randrange(-9000, 6000)) / 100,
                }
                for account in range(ACCOUNTS)
                for _ in range(POSTINGS_PER_ACCOUNT)
            ],
        )
        session.commit()


def statement(session, account):
    postings = session.scalars(
        select(Posting).where(Posting.account_id == account.id).order_by(Posting.booked, Posting.id)
    ).all()
    balance = account.opening
    lines, by_category = [], {}
    for posting in postings:  # <- cost
        balance += posting.amount
        merchant = posting.merchant  # <- cost
        lines.append(
            {
                "booked": posting.booked.isoformat(),
                "text": f"{merchant.name}, {merchant.town}",
                "amount": str(posting.amount),
                "balance": str(balance),
            }
        )
        by_category[merchant.category] = by_category.get(merchant.category, Decimal(0)) + posting.amount
    return {
        "account": account.id,
        "holder": account.holder,
        "opening": str(account.opening),
        "closing": str(balance),
        "lines": lines,
        "categories": {name: str(total) for name, total in sorted(by_category.items())},
    }


def make_app(engine, ready):
    @asynccontextmanager
    async def lifespan(_):
        ready()
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/accounts/{number}/statement")
    def account_statement(number: int):
        with Session(engine) as session:
            account = session.get(Account, number)
            if account is None:
                raise HTTPException(404, "no such account")
            return statement(session, account)

    return app


def main():
    database = services.postgres()
    port = services.free_port()
    paths = [f"/accounts/{n}/statement" for n in range(ACCOUNTS)]
    engine = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{database}/postgres", pool_size=8)
    fill(engine)
    engine.dispose()

    def customers():
        services.wait_for(port)
        clients.come(port, paths, STATEMENTS_PER_SECOND, workers=6)

    services.outside(customers)

    def announce():
        services.wait_for(port)
        print("ready", os.getpid(), flush=True)

    app = make_app(engine, lambda: Thread(target=announce, daemon=True).start())
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
