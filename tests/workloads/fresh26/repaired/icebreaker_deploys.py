# expect: healthy bench
"""Deploy gateway of the fleet office of some icebreakers.

Ships' agents report what they run and ask for permission to install a release; the office's screens show the fleet. For
a permission the gateway asks the policy service (maintenance windows, ice warnings, approvals), which takes its time,
about 90 ms. Reports and screens are served from memory. In all 40 requests a second come in.

Measured: /healthz 49 to 844 ms in the median when asked 20 times a second besides, twin 1.5 ms.
"""

import asyncio
import json
import logging
import os
import sys
import time
from collections import Counter, deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import uvicorn
from fastapi import FastAPI, HTTPException

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

SHIPS = ("otso", "kontio", "urho", "sisu", "polaris", "fennica", "nordica", "voima", "zeus", "ahto")
RELEASES = ("7.2.0", "7.2.1", "7.3.0-rc1")

log = logging.getLogger("gateway")


def policy(path: str) -> bytes:
    time.sleep(0.09)
    ship = path.split("/")[2]
    allowed = sum(path.encode()) % 5 != 0
    return json.dumps({"ship": ship, "allowed": allowed, "reason": "" if allowed else "ice warning"}).encode()


@dataclass
class Ship:
    name: str
    version: str = "7.1.9"
    seen: float = 0.0
    reports: int = 0
    decisions: deque = field(default_factory=lambda: deque(maxlen=20))


class Fleet:
    def __init__(self) -> None:
        self.ships = {name: Ship(name) for name in SHIPS}
        self.counts: Counter = Counter()

    def find(self, name: str) -> Ship:
        ship = self.ships.get(name)
        if ship is None:
            raise HTTPException(404, "no such ship")
        return ship

    def report(self, name: str, version: str) -> Ship:
        ship = self.find(name)
        ship.version, ship.seen = version, time.time()
        ship.reports += 1
        self.counts["reports"] += 1
        return ship

    def decide(self, ship: Ship, version: str, decision: dict) -> None:
        ship.decisions.append((time.time(), version, decision["allowed"], decision["reason"]))
        self.counts["allowed" if decision["allowed"] else "denied"] += 1

    def overview(self) -> list[dict]:
        now = time.time()
        return [
            {
                "ship": ship.name,
                "version": ship.version,
                "silent_seconds": round(now - ship.seen) if ship.seen else None,
                "last_decision": ship.decisions[-1] if ship.decisions else None,
            }
            for ship in self.ships.values()
        ]


class PolicyClient:
    def __init__(self, base: str):
        self.base = base
        self.client = httpx.AsyncClient(timeout=5)

    async def ask(self, ship: str, version: str) -> dict:
        got = await self.client.get(f"{self.base}/policy/{ship}/{version}")
        got.raise_for_status()
        return got.json()

    async def close(self) -> None:
        await self.client.aclose()


fleet = Fleet()


@asynccontextmanager
async def lifespan(app: FastAPI):
    async def announce():
        await asyncio.sleep(2)
        print("ready", os.getpid(), flush=True)

    app.state.policy = PolicyClient(os.environ["POLICY_URL"])
    task = asyncio.create_task(announce())
    yield
    task.cancel()
    await app.state.policy.close()


app = FastAPI(lifespan=lifespan)


@app.get("/ships/{name}/report/{version}")
async def report(name: str, version: str):
    ship = fleet.report(name, version)
    return {"ship": ship.name, "reports": ship.reports}


@app.get("/ships/{name}/permission/{version}")
async def permission(name: str, version: str):
    ship = fleet.find(name)
    try:
        decision = await app.state.policy.ask(name, version)
    except Exception as why:
        log.warning("the policy service did not answer for %s: %s", name, why)
        raise HTTPException(503, "no decision") from why
    fleet.decide(ship, version, decision)
    return decision


@app.get("/fleet")
async def overview():
    return fleet.overview()


@app.get("/healthz")
async def healthz():
    return {"ok": True, "counts": fleet.counts}


def main() -> None:
    logging.basicConfig(filename="gateway.log", level=logging.WARNING, format="%(asctime)s %(message)s")
    policy_port = services.http_service(policy)
    services.wait_for(policy_port)
    os.environ["POLICY_URL"] = f"http://127.0.0.1:{policy_port}"
    port = services.free_port()
    reports = [f"/ships/{ship}/report/{version}" for ship in SHIPS for version in RELEASES]
    permissions = [f"/ships/{ship}/permission/{RELEASES[at % 3]}" for at, ship in enumerate(SHIPS)]
    paths = reports + permissions + ["/fleet"] * 5 + ["/healthz"] * 5
    services.outside(lambda: clients.come(port, paths, rate=40, workers=24))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
