# expect: pattern=blocking-io bench
# Dive centres ask, before they hand out a tank, whether a diver is cleared for a site: the certificate level decides,
# and the medical that the national registry holds (an HTTP service that answers in 12 ms).
# Measured: 68 answers a second to 10 centres; timers of the loop are 140 ms late on average.
import asyncio
import json
import os
import socket
import sys
import time
from contextlib import asynccontextmanager
from typing import Annotated

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))

import requests
import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel

from services import customers, http_service

SITES = {
    "wall-north": ("advanced", 38),
    "kelp-garden": ("open-water", 14),
    "wreck-ottilie": ("wreck", 31),
    "blue-chimney": ("deep", 44),
    "jetty": ("open-water", 9),
}
LEVELS = ["open-water", "advanced", "wreck", "deep"]


class Medical(BaseModel):
    diver: str
    valid: bool
    depth_limit: int
    level: str


class Clearance(BaseModel):
    diver: str
    site: str
    cleared: bool
    reasons: list[str]


class MedicalRegistry:
    """The client of the national registry."""

    def __init__(self, base):
        self.base = base
        self.session = requests.Session()
        self.session.headers["Accept"] = "application/json"

    def medical(self, diver):
        answer = self.session.get(f"{self.base}/medicals/{diver}", timeout=5)  # <- cost
        answer.raise_for_status()
        return Medical.model_validate_json(answer.content)

    def close(self):
        self.session.close()


class Tally:
    def __init__(self):
        self.answers = 0
        self.late = 0.0

    async def report(self):
        await asyncio.sleep(1)
        print("ready", flush=True)
        while True:
            self.answers, self.late, checks, cpu = 0, 0.0, 0, time.process_time()
            until = time.monotonic() + 4
            while time.monotonic() < until:
                asked = time.monotonic()
                await asyncio.sleep(0.25)
                self.late += time.monotonic() - asked - 0.25
                checks += 1
            cpu = time.process_time() - cpu
            print(
                f"{self.answers / 4:.0f} answers a second, timers {self.late / checks * 1000:.1f} ms late, CPU {cpu / 4:.0%}",
                file=sys.stderr,
                flush=True,
            )


tally = Tally()


@asynccontextmanager
async def lifespan(app):
    app.state.registry = MedicalRegistry(os.environ["REGISTRY"])
    reporting = asyncio.create_task(tally.report())
    yield
    reporting.cancel()
    app.state.registry.close()


app = FastAPI(lifespan=lifespan)


async def registry():
    return app.state.registry


def judge(medical, site):
    level, depth = SITES[site]
    reasons = []
    if not medical.valid:
        reasons.append("medical expired")
    if medical.depth_limit < depth:
        reasons.append(f"medical limits to {medical.depth_limit} m")
    if LEVELS.index(medical.level) < LEVELS.index(level):
        reasons.append(f"needs {level}")
    return Clearance(diver=medical.diver, site=site, cleared=not reasons, reasons=reasons)


@app.get("/clearances/{site}/{diver}", response_model=Clearance)
async def clearance(site: str, diver: str, registry: Annotated[MedicalRegistry, Depends(registry)]):
    if site not in SITES:
        raise HTTPException(404, "no such site")
    medical = registry.medical(diver)  # <- cost
    tally.answers += 1
    return judge(medical, site)


def registry_answer(path):
    time.sleep(0.012)
    diver = path.rpartition("/")[2]
    number = int(diver[1:])
    return json.dumps(
        {
            "diver": diver,
            "valid": number % 11 != 0,
            "depth_limit": 18 + number % 4 * 12,
            "level": LEVELS[number % 4],
        }
    ).encode()


def main():
    os.environ["REGISTRY"] = f"http://127.0.0.1:{http_service(registry_answer)}"
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    paths = [f"/clearances/{site}/d{number}" for site in SITES for number in range(400)]
    customers(listening.getsockname()[1], paths, 10, pause=0.07)
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
