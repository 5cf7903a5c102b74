# expect: pattern=chatty-protocol bench
# The live board of a dragon boat regatta (Django under gunicorn): boats report stroke rate, speed and the like into
# the cache (Redis), and the board of a division shows what all of its boats reported last.
# Measured: 120 questions to Redis for a board, 26 ms of CPU each time (with one question 4 ms), and on a
# crowded machine 152 ms until the answer (with one question 12 ms); 20 boards a second take 52 % of a core.
import http.client
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
from services import free_port, outside, redis, wait_for

import django
from django.conf import settings
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.http import Http404, JsonResponse
from django.urls import path
from gunicorn.app.base import BaseApplication

DIVISIONS = {"open": range(0, 24), "mixed": range(24, 48), "veterans": range(48, 72)}
FIELDS = ("stroke_rate", "speed", "distance", "heading", "drummer_pulse")
LANES = 6


class Boat:
    """A boat of the regatta, and what it reported last."""

    def __init__(self, number):
        self.number = number
        self.lane = number % LANES + 1
        self.name = f"Dragon {number:02d}"

    def key(self, field):
        return f"boat:{self.number}:{field}"

    def last(self, field):
        report = cache.get(self.key(field))  # <- cost
        return report["value"] if report else None

    def as_row(self):
        row = {"boat": self.name, "lane": self.lane}
        for field in FIELDS:
            row[field] = self.last(field)  # <- cost
        return row


def standings(rows):
    placed = sorted(rows, key=lambda row: -(row["distance"] or 0))
    leader = placed[0]["distance"] or 0
    for place, row in enumerate(placed, 1):
        row["place"] = place
        row["behind_m"] = round(leader - (row["distance"] or 0), 1)
    return placed


def board(request, division):
    if division not in DIVISIONS:
        raise Http404(division)
    rows = [Boat(number).as_row() for number in DIVISIONS[division]]
    rates = [row["stroke_rate"] for row in rows if row["stroke_rate"]]
    return JsonResponse(
        {
            "division": division,
            "mean_stroke_rate": round(sum(rates) / len(rates), 1) if rates else None,
            "boats": standings(rows),
        }
    )


def lanes(request):
    return JsonResponse({name: [Boat(n).lane for n in numbers] for name, numbers in DIVISIONS.items()})


urlpatterns = [path("boards/<slug:division>", board), path("lanes", lanes)]


def configure(redis_port):
    settings.configure(
        DEBUG=False,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="regatta-board",
        ROOT_URLCONF=__name__,
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        LOGGING_CONFIG=None,
        CACHES={
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": f"redis://127.0.0.1:{redis_port}/0",
                "TIMEOUT": 600,
            }
        },
    )
    django.setup()


def report_all(moment):
    reports = {}
    for numbers in DIVISIONS.values():
        for number in numbers:
            values = (
                random.gauss(72, 6),
                random.gauss(14, 1),
                moment * 3.8 % 2000 - number % 24,
                182.0,
                random.gauss(150, 8),
            )
            for field, value in zip(FIELDS, values):
                reports[f"boat:{number}:{field}"] = {"value": round(value, 1), "at": moment}
    cache.set_many(reports)


def boats():
    while True:
        report_all(time.monotonic())
        time.sleep(1)


def spectators(port, period):
    wait_for(port)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    due = time.monotonic()
    while True:
        connection.request("GET", f"/boards/{random.choice(list(DIVISIONS))}")
        answer = connection.getresponse()
        assert answer.status == 200
        answer.read()
        due = max(due + period, time.monotonic() - 1)
        time.sleep(max(0, due - time.monotonic()))


class Board(BaseApplication):
    def __init__(self, options):
        self.options = options
        super().__init__()

    def load_config(self):
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self):
        return get_wsgi_application()


def say_ready(worker):
    print("ready", worker.pid, flush=True)


def main():
    configure(redis())
    outside(boats)
    port = free_port()
    for _ in range(2):
        outside(lambda: spectators(port, 0.1))
    Board(
        {
            "bind": f"127.0.0.1:{port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": 4,
            "keepalive": 30,
            "post_worker_init": say_ready,
            "loglevel": "error",
        }
    ).run()


if __name__ == "__main__":
    main()
