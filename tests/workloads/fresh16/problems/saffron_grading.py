# expect: pattern=connection-per-request bench
# Grades lots of saffron: the drying houses send the absorbances of a lot (crocin, picrocrocin, safranal), the
# application has the measurement certified by the reference laboratory (HTTPS, with the certificate of the growers'
# council), and answers with the category of the lot.
#
# Measured: 60 lots a second in both; a lot is answered in 10.3 ms (median, on a busy machine; the fastest tenth in
# 5.1 ms) at 23 % of a core and 14 % in the laboratory, in the twin in 6.9 ms (2.1 ms) at 7 % and 2 %.
import asyncio
import http.client
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

sys.path.append(str(Path(__file__).parents[2]))
import services  # noqa: E402

LOTS_A_SECOND = 60
HOUSES = 12


@dataclass(frozen=True)
class Settings:
    laboratory: str
    authority: str
    timeout: float = 5.0


@dataclass(frozen=True)
class Lot:
    house: str
    number: int
    crocin: float
    picrocrocin: float
    safranal: float

    @classmethod
    def parse(cls, told: dict) -> "Lot":
        return cls(
            str(told["house"]),
            int(told["number"]),
            float(told["crocin"]),
            float(told["picrocrocin"]),
            float(told["safranal"]),
        )

    def category(self, correction: float) -> str:
        strength = self.crocin * correction
        if strength >= 200 and self.picrocrocin >= 70:
            return "I"
        return "II" if strength >= 170 else "III"


class LaboratoryError(Exception):
    pass


class LaboratoryClient:
    """The interface of the reference laboratory."""

    def __init__(self, settings: Settings):
        self.base = settings.laboratory
        self.timeout = aiohttp.ClientTimeout(total=settings.timeout)
        self.context = ssl.create_default_context(cafile=settings.authority)

    async def close(self) -> None:
        pass

    async def _call(self, path: str, **parameters: str) -> dict:
        connector = aiohttp.TCPConnector(ssl=self.context)
        async with aiohttp.ClientSession(connector=connector, timeout=self.timeout) as session:  # <- cost
            async with session.get(self.base + path, params=parameters) as answer:  # <- cost
                if answer.status != 200:
                    raise LaboratoryError(f"the laboratory says {answer.status}")
                return await answer.json()

    async def certify(self, lot: Lot) -> dict:
        return await self._call(f"/certificates/{lot.house}/{lot.number}", wavelength="440")


class GradingService:
    def __init__(self, laboratory: LaboratoryClient):
        self.laboratory = laboratory
        self.recent: deque[dict] = deque(maxlen=200)
        self.graded = 0

    async def grade(self, lot: Lot) -> dict:
        certificate = await self.laboratory.certify(lot)
        category = lot.category(certificate["correction"])
        graded = {**asdict(lot), "category": category, "certificate": certificate["number"]}
        self.recent.append(graded)
        self.graded += 1
        return graded


LABORATORY = web.AppKey("laboratory", LaboratoryClient)
GRADING = web.AppKey("grading", GradingService)
SETTINGS = web.AppKey("settings", Settings)

routes = web.RouteTableDef()


@web.middleware
async def errors_as_json(request: web.Request, handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except (KeyError, ValueError) as error:
        return web.json_response({"error": f"bad lot: {error}"}, status=422)
    except (LaboratoryError, aiohttp.ClientError) as error:
        return web.json_response({"error": str(error)}, status=502)


@routes.post("/lots")
async def post_lot(request: web.Request) -> web.Response:
    lot = Lot.parse(await request.json())
    return web.json_response(await request.app[GRADING].grade(lot), status=201)


@routes.get("/lots")
async def latest_lots(request: web.Request) -> web.Response:
    grading = request.app[GRADING]
    return web.json_response({"graded": grading.graded, "latest": list(grading.recent)[-20:]})


async def laboratory_context(app: web.Application):
    app[LABORATORY] = LaboratoryClient(app[SETTINGS])
    app[GRADING] = GradingService(app[LABORATORY])
    yield
    await app[LABORATORY].close()


def create_app(settings: Settings) -> web.Application:
    app = web.Application(middlewares=[errors_as_json])
    app[SETTINGS] = settings
    app.add_routes(routes)
    app.cleanup_ctx.append(laboratory_context)
    return app


def reference_laboratory() -> Settings:
    """The laboratory, with a certificate for this run."""
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=laboratory"]
    made += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "lab.key", "-out", "lab.pem"]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("lab.pem", "lab.key")

    def certify(path: str) -> bytes:
        number = sum(path.encode())
        return json.dumps({"number": f"C{number}", "correction": 0.95 + number % 10 / 100}).encode()

    port = services.http_service(certify, context=context)
    return Settings(laboratory=f"https://127.0.0.1:{port}", authority="lab.pem")


def drying_house(port: int, house: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due, lot = time.monotonic() + house / LOTS_A_SECOND, 0
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        due = max(due + HOUSES / LOTS_A_SECOND, time.monotonic() - 1)
        lot += 1
        measured = {"crocin": 150 + lot % 90, "picrocrocin": 60 + lot % 35, "safranal": 20 + lot % 25}
        body = json.dumps({"house": f"h{house}", "number": lot, **measured})
        connection.request("POST", "/lots", body, {"Content-Type": "application/json"})
        connection.getresponse().read()


def drying_houses(port: int) -> None:
    houses = [threading.Thread(target=drying_house, args=(port, number)) for number in range(HOUSES)]
    for house in houses:
        house.start()
    for house in houses:
        house.join()


async def serve(settings: Settings) -> None:
    runner = web.AppRunner(create_app(settings), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    services.outside(lambda: drying_houses(port))
    print(f"ready {os.getpid()}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(reference_laboratory()))
