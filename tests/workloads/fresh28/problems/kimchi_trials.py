# expect: pattern=repeated-query bench
"""Trial board of a kimchi lab: the experiment tracker's page with the runs of a fermentation series.

GET /series/{id}/board lists the 40 latest runs of a series with their parameters and the last values of their
metrics, the best ones first. SQLAlchemy's ORM on PostgreSQL.

Measured: median latency 59 ms (0.55 cores) with the problem, 12 ms (0.24 cores) repaired, at 10 requests a second.
"""

import os
import random
import sys
import threading
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse
from sqlalchemy import ForeignKey, create_engine, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

SERIES = 12
RUNS_PER_SERIES = 120
RUNS_ON_BOARD = 40
RATE = 10
PARAMS = ("salt", "chilli", "cabbage", "temperature", "days")
METRICS = ("acidity", "crunch", "heat_error", "panel_score")


class Base(DeclarativeBase):
    pass


class Run(Base):
    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    series: Mapped[int] = mapped_column(index=True)
    name: Mapped[str]
    state: Mapped[str]
    params: Mapped[list["Param"]] = relationship()
    metrics: Mapped[list["Metric"]] = relationship()


class Param(Base):
    __tablename__ = "params"
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), index=True)
    key: Mapped[str]
    value: Mapped[str]


class Metric(Base):
    __tablename__ = "metrics"
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), index=True)
    key: Mapped[str]
    last: Mapped[float]
    step: Mapped[int]


def fill(engine):
    chance = random.Random(5)
    runs, params, metrics = [], [], []
    for number in range(SERIES * RUNS_PER_SERIES):
        series = number % SERIES
        runs.append({"id": number, "series": series, "name": f"jar-{series}-{number}", "state": "finished"})
        params += [{"run_id": number, "key": key, "value": f"{chance.random():.3f}"} for key in PARAMS]
        metrics += [{"run_id": number, "key": key, "last": chance.random(), "step": 400} for key in METRICS]
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(Run), runs)
        connection.execute(insert(Param), params)
        connection.execute(insert(Metric), metrics)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def describe(run):
    params = {param.key: param.value for param in run.params}  # <- cost
    metrics = {metric.key: metric.last for metric in run.metrics}  # <- cost
    return {
        "run": run.name,
        "state": run.state,
        "params": params,
        "metrics": metrics,
        "rank": metrics["panel_score"] - 0.3 * metrics["heat_error"],
    }


def make_app(make_session, started):
    @asynccontextmanager
    async def lifespan(app):
        started()
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/series/{series}/board")
    def board(series: int):
        with make_session() as session:
            latest = select(Run).where(Run.series == series).order_by(Run.id.desc()).limit(RUNS_ON_BOARD)
            runs = session.scalars(latest).all()
            if not runs:
                raise HTTPException(404, "no such series")
            lines = [describe(run) for run in runs]  # <- cost
        lines.sort(key=lambda line: line["rank"], reverse=True)
        return JSONResponse({"series": series, "runs": lines})

    return app


def announce():
    said = threading.Timer(2, lambda: print("ready", os.getpid(), flush=True))
    said.daemon = True
    said.start()


def main():
    database = services.postgres()
    port = services.free_port()
    paths = [f"/series/{series}/board" for series in range(SERIES)]
    services.outside(lambda: clients.come(port, paths, RATE, workers=4))
    engine = create_engine(f"postgresql+psycopg://postgres@127.0.0.1:{database}/postgres", pool_size=5)
    fill(engine)
    app = make_app(sessionmaker(engine), announce)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, timeout_keep_alive=60)


if __name__ == "__main__":
    main()
