# expect: healthy bench
"""Foehn bulletin of the valleys: gathers the stations' forecasts from the model's HTTP service and writes the bulletin.

A new bulletin is due each second; pilots read the file through the web server.

Measured: a bulletin's gathering takes 0.61 s with the problem and 0.08 s in the twin.
"""

import json
import logging
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import services

log = logging.getLogger("foehn_bulletin")

VALLEYS = {
    "Rhine": ["vaduz", "sargans", "chur", "altenrhein"],
    "Reuss": ["altdorf", "guttannen", "engelberg", "luzern"],
    "Inn": ["landeck", "innsbruck", "patscherkofel", "jenbach"],
    "Rhone": ["visp", "sion", "evionnaz", "aigle"],
}
PERIOD = 1.0
MODEL_MILLISECONDS = 35
PARALLEL = 8


@dataclass
class Forecast:
    station: str
    wind_kn: int
    gust_kn: int
    humidity: int
    pressure_hpa: float


@dataclass
class Valley:
    name: str
    forecasts: list[Forecast] = field(default_factory=list)

    @property
    def gradient(self) -> float:
        pressures = [one.pressure_hpa for one in self.forecasts]
        return round(max(pressures) - min(pressures), 1)

    @property
    def risk(self) -> str:
        dry = sum(one.humidity < 45 for one in self.forecasts)
        gusty = max(one.gust_kn for one in self.forecasts)
        if self.gradient > 6 and gusty > 35 and dry:
            return "foehn likely"
        return "foehn possible" if self.gradient > 4 else "none"


def model_answer(path: str) -> bytes:
    """The model: it computes a point's forecast when asked."""
    time.sleep(MODEL_MILLISECONDS / 1000)
    station = path.rpartition("/")[2]
    seed = sum(station.encode()) + int(time.time()) // 60
    steps = [
        {
            "hour": hour,
            "wind": (seed + hour) % 30,
            "gust": (seed * 3 + hour) % 55,
            "rh": 20 + (seed * hour) % 75,
            "p": 1005 + seed % 17,
        }
        for hour in range(12)
    ]
    return json.dumps({"station": station, "steps": steps}).encode()


class Model:
    def __init__(self, base: str):
        self.base = base
        self.session = requests.Session()
        self.session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=PARALLEL))
        self.workers = ThreadPoolExecutor(PARALLEL, thread_name_prefix="model")

    def forecast(self, station: str) -> Forecast:
        answer = self.session.get(f"{self.base}/forecast/{station}", timeout=5)
        answer.raise_for_status()
        steps = answer.json()["steps"]
        worst = max(steps, key=lambda step: step["gust"])
        return Forecast(station, worst["wind"], worst["gust"], min(s["rh"] for s in steps), float(worst["p"]))

    def forecasts(self, stations: list[str]) -> list[Forecast]:
        return list(self.workers.map(self.forecast, stations))


def gather(model: Model) -> list[Valley]:
    wanted = [station for stations in VALLEYS.values() for station in stations]
    found = {one.station: one for one in model.forecasts(wanted)}
    return [Valley(name, [found[station] for station in stations]) for name, stations in VALLEYS.items()]


def bulletin(valleys: list[Valley], number: int) -> str:
    lines = [f"FOEHN BULLETIN {number:06d}  {time.strftime('%Y-%m-%d %H:%M:%SZ', time.gmtime())}", ""]
    for valley in valleys:
        lines.append(f"{valley.name:<8} gradient {valley.gradient:4.1f} hPa   {valley.risk}")
        for one in valley.forecasts:
            lines.append(f"   {one.station:<14} {one.wind_kn:3d} kn, gusts {one.gust_kn:3d} kn, {one.humidity:3d} %")
        lines.append("")
    return "\n".join(lines)


def publish(text: str, path: Path) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    port = services.http_service(model_answer)
    services.wait_for(port)
    model = Model(f"http://127.0.0.1:{port}")
    target = Path("bulletin.txt")
    number = 0
    due = time.monotonic()
    while True:
        try:
            publish(bulletin(gather(model), number), target)
        except requests.RequestException as problem:
            log.warning("no bulletin %d: %s", number, problem)
        number += 1
        if number == 2:
            print("ready", os.getpid(), flush=True)
        due = max(due + PERIOD, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
