# expect: healthy bench
# Checks prickings for bobbin lace (FastAPI): a designer's program sends the rows of a pricking, each technique has
# rules of its own for what a row may hold, and the answer names the rows that cannot be worked, and the pairs of
# bobbins needed.
#
# Measured: 60 answers a second in both; 3.5 s of CPU in 29 s after the start, in the twin 0.75 s in 20 s (both at
# idle priority on a busy machine).
import http.client
import json
import random
import socket
import sys
import threading
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from os import getpid
from pathlib import Path
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

sys.path.append(str(Path(__file__).parents[2]))
import services


# --- what the techniques allow --------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Measure:
    low: float
    high: float
    whole: bool = True


GROUNDS = ("torchon", "rose", "dieppe", "honeycomb", "point", "tulle", "spider", "brussels")
SHARED = {
    "pairs": Measure(2, 120),
    "pins": Measure(1, 240),
    "twists": Measure(0, 6),
    "crosses": Measure(0, 400),
    "pitch_mm": Measure(0.8, 6.0, whole=False),
    "angle": Measure(25, 70, whole=False),
}
TECHNIQUES: dict[str, dict[str, Measure]] = {
    "torchon": {**SHARED, "fans": Measure(0, 12), "tallies": Measure(0, 20), "gimps": Measure(0, 4)},
    "bucks": {**SHARED, "picots": Measure(0, 60), "gimps": Measure(0, 8), "cucumbers": Measure(0, 10)},
    "bedfordshire": {**SHARED, "plaits": Measure(0, 40), "leaves": Measure(0, 80), "picots": Measure(0, 90)},
    "honiton": {**SHARED, "sewings": Measure(0, 50), "ribs": Measure(0, 30), "raised": Measure(0, 9)},
    "milanese": {**SHARED, "braids": Measure(1, 20), "sewings": Measure(0, 90), "meanders": Measure(0, 16)},
}


class Row(BaseModel):
    """What rows of all techniques have."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    ground: Literal[GROUNDS]
    note: str = Field("", max_length=60)


class Rulebook:
    """Turns the measures of a technique into what its rows are checked by."""

    def __init__(self, techniques: dict[str, dict[str, Measure]]):
        self.techniques = techniques
        self.checks = {technique: self.rows(technique) for technique in techniques}

    @staticmethod
    def field(measure: Measure) -> Any:
        return Annotated[int if measure.whole else float, Field(ge=measure.low, le=measure.high)]

    def row(self, technique: str) -> type[Row]:
        fields = {name: self.field(measure) for name, measure in self.techniques[technique].items()}
        return create_model(f"{technique.title()}Row", __base__=Row, **fields)

    def rows(self, technique: str) -> TypeAdapter:
        return TypeAdapter(Annotated[list[self.row(technique)], Field(min_length=1, max_length=200)])


# --- service --------------------------------------------------------------------------------------------------------
class Pricking(BaseModel):
    title: str
    technique: str
    rows: list[dict[str, Any]]


class Fault(BaseModel):
    row: int
    field: str
    said: str


class Verdict(BaseModel):
    title: str
    pairs: int
    pins: int
    faults: list[Fault]


class Checker:
    def __init__(self, rules: Rulebook):
        self.rules = rules

    def check(self, pricking: Pricking) -> Verdict:
        try:
            rows = self.rules.checks[pricking.technique].validate_python(pricking.rows)
        except ValidationError as told:
            return Verdict(title=pricking.title, pairs=0, pins=0, faults=self.faults(told))
        pairs = max(row.pairs for row in rows)
        return Verdict(title=pricking.title, pairs=pairs, pins=sum(row.pins for row in rows), faults=[])

    @staticmethod
    def faults(told: ValidationError) -> list[Fault]:
        found = told.errors(include_url=False, include_context=False)
        return [Fault(row=at["loc"][0], field=str(at["loc"][-1]), said=at["msg"]) for at in found[:20]]


# --- application ----------------------------------------------------------------------------------------------------
rulebook = Rulebook(TECHNIQUES)
router = APIRouter()


def checker() -> Checker:
    return Checker(rulebook)


@router.post("/prickings/check")
def check_pricking(pricking: Pricking, checker: Annotated[Checker, Depends(checker)]) -> Verdict:
    if pricking.technique not in TECHNIQUES:
        raise HTTPException(422, "no such technique")
    return checker.check(pricking)


@router.get("/techniques")
def techniques() -> dict[str, list[str]]:
    return {name: sorted(measures) for name, measures in TECHNIQUES.items()}


@asynccontextmanager
async def lifespan(app: FastAPI):
    print(f"ready {getpid()}", flush=True)
    yield


# --- its load -------------------------------------------------------------------------------------------------------
def a_pricking(chance: random.Random) -> bytes:
    technique = chance.choice(list(TECHNIQUES))

    def row() -> dict[str, Any]:
        told: dict[str, Any] = {"ground": chance.choice(GROUNDS)}
        for name, measure in TECHNIQUES[technique].items():
            value = chance.uniform(measure.low, measure.high)
            told[name] = round(value) if measure.whole else round(value, 2)
        return told

    rows = [row() for _ in range(chance.randint(6, 18))]
    if chance.random() < 0.1:
        rows[-1]["twists"] = 19
    return json.dumps({"title": f"edging {chance.randrange(500)}", "technique": technique, "rows": rows}).encode()


def designers(port: int, number: int = 6, pause: float = 0.1) -> None:
    """Each sends a pricking every ``pause`` seconds; the times taken are noted."""
    took: list[float] = []
    chance = random.Random(11)
    prickings = [a_pricking(chance) for _ in range(60)]

    def designer(at: int) -> None:
        link = http.client.HTTPConnection("127.0.0.1", port)
        time.sleep(random.random() * pause)
        while True:
            began = time.monotonic()
            at = (at + 1) % len(prickings)
            link.request("POST", "/prickings/check", prickings[at], {"Content-Type": "application/json"})
            answer = link.getresponse()
            answer.read()
            assert answer.status < 400, answer.status
            took.append(time.monotonic() - began)
            time.sleep(max(0.0, began + pause - time.monotonic()))

    for at in range(number):
        threading.Thread(target=designer, args=(at * 7,), daemon=True).start()
    while True:
        time.sleep(5)
        with open("load.log", "a") as notes:
            notes.write(f"{len(took)} answers, {1000 * sum(took) / max(1, len(took)):.1f} ms each\n")
        took.clear()


def main() -> None:
    app = FastAPI(title="Bobbin lace", lifespan=lifespan)
    app.include_router(router)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    services.outside(lambda: designers(listener.getsockname()[1]))
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
