# expect: healthy bench
"""Order desk of a monogram embroidery: the workshop's tablets ask for an order's pieces, and note each finished one.

Measured: an order is shown after 10 to 16 ms, in the twin after 3.3 ms; 0.17 and 0.12 cores.
"""

import os
import queue
import sys
import threading
from contextlib import asynccontextmanager, contextmanager

import psycopg
import uvicorn
from fastapi import FastAPI, HTTPException
from psycopg.rows import dict_row

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

REQUESTS_PER_SECOND = 60
ORDERS = 3000
CONNECTIONS = 6

SCHEMA = (
    "CREATE TABLE piece (order_id int, number int, letters text, cloth text, stitches int, done boolean,"
    " PRIMARY KEY (order_id, number))",
    "INSERT INTO piece SELECT o, n, chr(65 + o % 26) || chr(65 + (o + n) % 26), 'damask ' || n, 900 + o % 700,"
    f" o % 3 = 0 FROM generate_series(1, {ORDERS}) o, generate_series(1, 6) n",
    "ANALYZE piece",
)


class Orders:
    """The orders in the database."""

    def __init__(self, address):
        self.idle = queue.LifoQueue()
        for _ in range(CONNECTIONS):
            self.idle.put(psycopg.connect(address, row_factory=dict_row))

    @contextmanager
    def connection(self):
        db = self.idle.get()
        try:
            with db.transaction():
                yield db
        finally:
            self.idle.put(db)

    def pieces(self, order):
        with self.connection() as db:
            return db.execute(
                "SELECT number, letters, cloth, stitches, done FROM piece WHERE order_id = %s ORDER BY number",
                (order,),
            ).fetchall()

    def finish(self, order, number):
        with self.connection() as db:
            changed = db.execute(
                "UPDATE piece SET done = true WHERE order_id = %s AND number = %s",
                (order, number),
            )
            return changed.rowcount == 1

    def backlog(self, cloth):
        with self.connection() as db:
            return db.execute(
                "SELECT count(*) AS pieces, coalesce(sum(stitches), 0) AS stitches FROM piece"
                " WHERE order_id BETWEEN 1 AND 60 AND cloth = %s AND NOT done",
                (cloth,),
            ).fetchone()


def minutes(stitches):
    """How long the machine takes, with a change of thread."""
    return round(stitches / 750 + 1.5, 1)


def make(orders):
    @asynccontextmanager
    async def lifespan(_):
        threading.Timer(2.0, lambda: print("ready", os.getpid(), flush=True)).start()
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/orders/{order}")
    def show(order: int):
        pieces = orders.pieces(order)
        if not pieces:
            raise HTTPException(404)
        for piece in pieces:
            piece["minutes"] = minutes(piece.pop("stitches"))
        return {
            "order": order,
            "pieces": pieces,
            "open": sum(not piece["done"] for piece in pieces),
        }

    @app.get("/orders/{order}/done/{number}")
    def done(order: int, number: int):
        if not orders.finish(order, number):
            raise HTTPException(404)
        return {"order": order, "number": number, "done": True}

    @app.get("/backlog/{cloth}")
    def backlog(cloth: str):
        found = orders.backlog(cloth)
        return {"cloth": cloth, "pieces": found["pieces"], "minutes": minutes(found["stitches"])}

    return app


def main():
    port = services.free_port()
    database = services.postgres(*SCHEMA)
    paths = [f"/orders/{1 + number * 37 % ORDERS}" for number in range(200)]
    paths += [f"/orders/{1 + number * 53 % ORDERS}/done/{1 + number % 6}" for number in range(40)]
    paths += [f"/backlog/damask%20{number}" for number in range(1, 7)]

    def come():
        services.wait_for(port)
        clients.come(port, paths, REQUESTS_PER_SECOND, 6)

    services.outside(come)
    orders = Orders(f"host=127.0.0.1 port={database} user=postgres dbname=postgres")
    uvicorn.run(make(orders), host="127.0.0.1", port=port, log_level="error", access_log=False)


if __name__ == "__main__":
    main()
