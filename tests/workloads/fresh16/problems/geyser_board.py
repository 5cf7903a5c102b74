# expect: pattern=serialization-overhead bench
"""Boards in a geyser basin: they show when each geyser is expected to play, and poll this service for it.

Django REST framework under gunicorn (gthread). A thread of the service works out the forecast anew every five seconds
from the temperature loggers in the runoff channels; between, each board is told the same.

Measured: a board takes 22 ms, 0.37 cores at 15 boards a second; in the twin 2 ms, 0.03 cores.
"""

import logging
import math
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

import django
from django.conf import settings

import services

settings.configure(
    DEBUG=False,
    SECRET_KEY="sinter",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    LOGGING_CONFIG=None,
    USE_TZ=True,
    REST_FRAMEWORK={
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
    },
)
logging.disable(logging.WARNING)
django.setup()

from django.urls import path
from gunicorn.app.base import BaseApplication
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

GEYSERS = 140
PERIOD = 5


@dataclass
class Window:
    opens: datetime
    closes: datetime
    chance: float


@dataclass
class Geyser:
    number: int
    name: str
    group: str
    kind: str
    interval: float  # minutes
    spread: float
    last: datetime
    water: float = 70.0
    windows: list = field(default_factory=list)


class WindowSerializer(serializers.Serializer):
    opens = serializers.DateTimeField()
    closes = serializers.DateTimeField()
    chance = serializers.FloatField(min_value=0, max_value=1)


class GeyserSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    name = serializers.CharField()
    group = serializers.CharField()
    kind = serializers.ChoiceField(choices=["cone", "fountain"])
    interval = serializers.DecimalField(max_digits=6, decimal_places=1)
    last = serializers.DateTimeField()
    water = serializers.FloatField()
    windows = WindowSerializer(many=True)
    mood = serializers.SerializerMethodField()

    def get_mood(self, geyser):
        if geyser.water > 85:
            return "overflowing"
        return "filling" if geyser.water > 60 else "quiet"


class BoardSerializer(serializers.Serializer):
    made = serializers.DateTimeField()
    version = serializers.IntegerField()
    geysers = GeyserSerializer(many=True)


@dataclass
class Board:
    made: datetime
    version: int
    geysers: list


class Forecaster:
    """Keeps the newest board; makes a new one at each period."""

    def __init__(self):
        now = datetime.now(timezone.utc)
        groups = ("Castle", "Daisy", "Grand", "Lion", "Sawmill")
        self.geysers = [
            Geyser(
                n,
                f"{groups[n % 5]} vent {n}",
                groups[n % 5],
                "cone" if n % 3 else "fountain",
                20 + n * 37 % 400,
                2 + n % 9,
                now - timedelta(minutes=n * 13 % 240),
            )
            for n in range(GEYSERS)
        ]
        self.version = 0
        self.board = None
        self.forecast()

    def forecast(self):
        now = datetime.now(timezone.utc)
        self.version += 1
        for geyser in self.geysers:
            since = (now - geyser.last).total_seconds() / 60
            if since > geyser.interval:
                geyser.last, since = now, 0.0
            geyser.water = round(40 + 55 * since / geyser.interval + math.sin(self.version + geyser.number), 2)
            geyser.windows = [self.window(geyser, k) for k in (1, 2, 3)]
        self.publish(Board(now, self.version, self.geysers))

    def window(self, geyser, k):
        middle = geyser.last + timedelta(minutes=geyser.interval * k)
        half = timedelta(minutes=geyser.spread * math.sqrt(k))
        return Window(middle - half, middle + half, round(math.erf(1.3 / math.sqrt(k)), 3))

    def publish(self, board):
        self.board = board

    def watch(self):
        while True:
            time.sleep(PERIOD)
            self.forecast()


forecaster = Forecaster()


class BoardView(APIView):
    def get(self, request):
        board = forecaster.board
        told = BoardSerializer(board)
        return Response(told.data, headers={"Cache-Control": f"max-age={PERIOD}"})  # <- cost


class GeyserView(APIView):
    def get(self, request, number):
        if number >= GEYSERS:
            return Response({"detail": "no such geyser"}, status=404)
        return Response(GeyserSerializer(forecaster.geysers[number]).data)


urlpatterns = [
    path("board/", BoardView.as_view()),
    path("geysers/<int:number>/", GeyserView.as_view()),
]


class Server(BaseApplication):
    def load_config(self):
        options = {
            "bind": f"127.0.0.1:{services.free_port()}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": 4,
            "keepalive": 75,
            "loglevel": "error",
            "control_socket_disable": True,
            "when_ready": boards,
            "post_worker_init": begin,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        from django.core.wsgi import get_wsgi_application

        return get_wsgi_application()


def boards(arbiter):
    port = arbiter.LISTENERS[0].sock.getsockname()[1]
    services.customers(port, ["/board/"] * 9 + ["/geysers/17/"], number=4, pause=0.25)


def begin(worker):
    threading.Thread(target=forecaster.watch, name="forecaster", daemon=True).start()
    print(f"ready {worker.pid}", flush=True)


if __name__ == "__main__":
    Server().run()
