# expect: healthy bench
"""Tells where an order is: Starlette, SQLAlchemy on PostgreSQL, one statement for each request, and a pool that
suffices."""

import logging
import os
import socket
import sys
import threading
import time
from pathlib import Path

import uvicorn
from sqlalchemy import bindparam, create_engine, text
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

ORDERS = 5000
logging.basicConfig(filename="status.log", format="%(relativeCreated)d %(message)s", level=logging.INFO)
STEPS = text("""
    select orders.customer, steps.name, steps.at from orders join steps on steps.number = orders.number
    where orders.number = :number order by steps.at
""").bindparams(bindparam("number"))


class Counts:
    def __init__(self):
        self._lock = threading.Lock()
        self._answers, self._spent = 0, 0.0

    def add(self, seconds):
        with self._lock:
            self._answers += 1
            self._spent += seconds

    def told(self):
        with self._lock:
            return self._answers, 1000 * self._spent / max(1, self._answers)


def application(engine, counts):
    def status(request):
        began = time.perf_counter()
        with engine.connect() as connection:
            rows = connection.execute(STEPS, {"number": request.path_params["number"]}).all()
        steps = [{"name": name, "at": at.isoformat()} for _, name, at in rows]
        counts.add(time.perf_counter() - began)
        if not rows:
            return JSONResponse({"error": "no such order"}, status_code=404)
        return JSONResponse({"customer": rows[0].customer, "steps": steps, "done": len(steps) == 4})

    return Starlette(routes=[Route("/orders/{number:int}", status)])


def report(counts):
    while True:
        time.sleep(1)
        logging.info("%d answers, %.1f ms each", *counts.told())


def main():
    port = services.postgres(
        "create table orders (number int primary key, customer text)",
        "create table steps (number int, name text, at timestamp)",
        f"insert into orders select n, 'customer ' || n % 977 from generate_series(0, {ORDERS - 1}) n",
        "insert into steps select n, s.name, timestamp '2026-11-01' + s.hours * interval '1 hour'"
        f" from generate_series(0, {ORDERS - 1}) n, (values ('ordered', 0), ('packed', 5), ('sent', 9), ('there', 40))"
        " as s (name, hours) where s.hours <= n % 50",
        "create index on steps (number)",
        "analyze",
    )
    engine = create_engine(
        f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", pool_size=8, isolation_level="AUTOCOMMIT"
    )
    counts = Counts()
    listening = socket.create_server(("127.0.0.1", 0))
    paths = [f"/orders/{number}" for number in range(0, ORDERS, 7)]
    services.outside(lambda: clients.come(listening.getsockname()[1], paths, rate=120, workers=6))
    threading.Thread(target=report, args=(counts,), daemon=True).start()
    print("ready", os.getpid(), flush=True)
    settings = uvicorn.Config(application(engine, counts), log_level="warning", access_log=False)
    uvicorn.Server(settings).run(sockets=[listening])


main()
