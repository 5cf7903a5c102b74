# expect: pattern=serial-requests bench
"""Pages for the ward round of a hospital: the doctor's tablet asks for a patient, and gets one page put together from
what the laboratory, the pharmacy, the monitors and others say about them, with an early warning score.

Measured: a page takes 85 ms, nearly all of it until the other systems have answered; 16 ms in the twin.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

sys.path.append(str(Path(__file__).parents[2]))
import clients
import services

PATIENTS = 180
WARDS = ("cardiology", "surgery", "geriatrics")
DELAYS = {"laboratory": 0.013, "pharmacy": 0.011, "monitor": 0.009, "imaging": 0.014, "nursing": 0.010, "diet": 0.009}


def other_systems(path: str) -> bytes:
    """What the other systems of the house answer."""
    _, system, patient = path.split("/")
    time.sleep(DELAYS[system])
    chance = random.Random(f"{system}{patient}{int(time.time()) // 5}")
    if system == "monitor":
        said: Any = {
            "pulse": chance.randint(48, 128),
            "breaths": chance.randint(9, 26),
            "saturation": chance.randint(90, 100),
            "systolic": chance.randint(88, 190),
            "temperature": chance.randint(352, 394) / 10,
        }
    else:
        said = [{"at": chance.randrange(1440), "text": f"{system} {chance.randrange(900)}"} for _ in range(6)]
    return json.dumps(said).encode()


def points(value: float, steps: tuple[tuple[float, int], ...], above: int) -> int:
    return next((score for most, score in steps if value <= most), above)


def warning_score(monitor: dict[str, float]) -> int:
    """As the wards have it on paper: none is well, seven and more calls the team."""
    return (
        points(monitor["breaths"], ((8, 3), (11, 1), (20, 0), (24, 2)), 3)
        + points(monitor["saturation"], ((91, 3), (93, 2), (95, 1)), 0)
        + points(monitor["systolic"], ((90, 3), (100, 2), (110, 1), (219, 0)), 3)
        + points(monitor["pulse"], ((40, 3), (50, 1), (90, 0), (110, 1), (130, 2)), 3)
        + points(monitor["temperature"], ((35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1)), 2)
    )


@dataclass(frozen=True)
class Section:
    """A part of the page: where it comes from, and what is shown of it."""

    system: str
    title: str
    shown: Callable[[Any], Any]


def latest(entries: list[dict[str, Any]]) -> list[str]:
    ordered = sorted(entries, key=lambda entry: -entry["at"])
    return [f"{entry['at'] // 60:02}:{entry['at'] % 60:02} {entry['text']}" for entry in ordered[:4]]


SECTIONS = (
    Section("monitor", "Vital signs", lambda said: said | {"score": warning_score(said)}),
    Section("laboratory", "Results", latest),
    Section("pharmacy", "Medicines", latest),
    Section("imaging", "Pictures", latest),
    Section("nursing", "Notes", latest),
    Section("diet", "Meals", lambda said: latest(said)[:1]),
)


class House:
    """The other systems, asked over kept connections."""

    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        self._session = session
        self._base = f"http://127.0.0.1:{port}"

    async def ask(self, system: str, patient: int) -> Any:
        async with self._session.get(f"{self._base}/{system}/{patient}") as answer:  # <- cost
            answer.raise_for_status()
            return await answer.json()  # <- cost


class WardRound:
    def __init__(self, house: House) -> None:
        self.house = house
        self.seen: deque[int] = deque(maxlen=40)
        self.spent = 0.0
        self.pages = 0

    async def section(self, section: Section, patient: int) -> Any:
        return section.shown(await self.house.ask(section.system, patient))  # <- cost

    async def sections(self, patient: int) -> dict[str, Any]:
        return {section.title: await self.section(section, patient) for section in SECTIONS}  # <- cost

    async def page(self, request: web.Request) -> web.Response:
        patient = int(request.match_info["patient"])
        if not 0 <= patient < PATIENTS:
            raise web.HTTPNotFound(text=f"no patient {patient}")
        began = time.perf_counter()
        page = {"patient": patient, "ward": WARDS[patient % 3], **await self.sections(patient)}  # <- cost
        self.spent += time.perf_counter() - began
        self.pages += 1
        self.seen.append(patient)
        return web.json_response(page)

    async def latest(self, _: web.Request) -> web.Response:
        mean = 1000 * self.spent / max(1, self.pages)
        return web.json_response({"seen": list(self.seen), "pages": self.pages, "ms": round(mean, 1)})

    def application(self) -> web.Application:
        application = web.Application()
        application.add_routes([web.get("/patient/{patient}", self.page), web.get("/seen", self.latest)])
        return application


async def main() -> None:
    port = services.http_service(other_systems)
    async with aiohttp.ClientSession() as session:
        runner = web.AppRunner(WardRound(House(session, port)).application(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        front = runner.addresses[0][1]
        paths = [f"/patient/{patient}" for patient in range(PATIENTS)] + ["/seen"] * 4
        services.outside(lambda: clients.come(front, paths, 24, 6))
        print("ready", os.getpid(), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
