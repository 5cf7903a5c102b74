# expect: healthy bench
"""Ranks sauces for gnocchi: a recommendation server under load.

GET /rank/{guest}?course=N answers with the fifteen sauces that fit a guest best: one product of the matrix of sauces
with the guest's vector, a mask for the course, and a partial sort. All in memory, 120 requests a second.
"""

import os
import random
import sys
import threading
from contextlib import asynccontextmanager

import numpy as np
import uvicorn
from fastapi import FastAPI, HTTPException
from fastapi.responses import JSONResponse

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

GUESTS = 5000
SAUCES = 3000
COURSES = 4
WIDTH = 24
SHOWN = 15
RATE = 120


class Ranker:
    """The factors as the training job exported them, prepared once."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.guests = rng.normal(0, 1, (GUESTS, WIDTH)).astype(np.float32)
        sauces = rng.normal(0, 1, (SAUCES, WIDTH)).astype(np.float32)
        course = rng.integers(0, COURSES, SAUCES)
        popularity = np.log1p(rng.gamma(2, 40, SAUCES)).astype(np.float32)
        self.by_course = []
        for number in range(COURSES):
            numbers = np.flatnonzero(course == number)
            self.by_course.append((numbers, np.ascontiguousarray(sauces[numbers]), popularity[numbers] * 0.1))
        self.names = [f"sauce {number}" for number in range(SAUCES)]

    def rank(self, guest, course):
        numbers, factors, prior = self.by_course[course]
        scores = factors @ self.guests[guest] + prior
        top = np.argpartition(scores, -SHOWN)[-SHOWN:]
        top = top[np.argsort(-scores[top])]
        return [
            {"sauce": number, "name": self.names[number], "score": round(score, 4)}
            for number, score in zip(numbers[top].tolist(), scores[top].tolist())
        ]


def make_app(ranker, started):
    @asynccontextmanager
    async def lifespan(app):
        started()
        yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/rank/{guest}")
    async def rank(guest: int, course: int = 0):
        if not (0 <= guest < GUESTS and 0 <= course < COURSES):
            raise HTTPException(404, "no such guest or course")
        return JSONResponse({"guest": guest, "course": course, "sauces": ranker.rank(guest, course)})

    return app


def announce():
    said = threading.Timer(2, lambda: print("ready", os.getpid(), flush=True))
    said.daemon = True
    said.start()


def main():
    port = services.free_port()
    chance = random.Random(2)
    paths = [f"/rank/{chance.randrange(GUESTS)}?course={chance.randrange(COURSES)}" for _ in range(300)]
    services.outside(lambda: clients.come(port, paths, RATE, workers=8))
    app = make_app(Ranker(4), announce)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, timeout_keep_alive=60)


if __name__ == "__main__":
    main()
