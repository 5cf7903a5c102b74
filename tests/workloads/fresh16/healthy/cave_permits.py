# expect: healthy bench
"""The permit office of a karst park: expeditions ask which caves are open, look at a cave with its routes and permits,
and enter the register when they go down and come up.

Django on PostgreSQL under gunicorn (gthread). Looks costly, and is as it should be: a cave's page runs five statements
whatever it shows (related rows are fetched in one each), entering runs three that depend on each other in one
transaction, each permit's seal is checked with an HMAC, pages are rendered from compiled templates.

Measured: 10 requests a second, a cave's page in 8 to 10 ms, 0.08 cores.
"""

import hashlib
import hmac
import logging
import os
import shutil
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

import django
from django.apps import AppConfig
from django.conf import settings

import services

CAVES = 400
KEY = b"limestone"

PAGE = """<!doctype html>
<title>{{ cave.name }}</title>
<h1>{{ cave.name }} ({{ cave.massif.name }})</h1>
<p>{{ cave.depth_m }} m deep, {{ inside }} people below</p>
<h2>Routes</h2>
<ul>{% for route in cave.routes.all %}<li>{{ route.name }}: {{ route.length_m }} m, {{ route.ropes }} ropes</li>
{% endfor %}</ul>
<h2>Permits</h2>
<ul>{% for permit in permits %}<li>{{ permit.club.name }}, {{ permit.party }} people, until
{{ permit.until|date:"j F Y" }}</li>{% endfor %}</ul>
"""

SETUP = (
    "CREATE TABLE massif (id serial PRIMARY KEY, name text NOT NULL)",
    "CREATE TABLE club (id serial PRIMARY KEY, name text NOT NULL)",
    "CREATE TABLE cave (id serial PRIMARY KEY, massif_id int NOT NULL REFERENCES massif, name text NOT NULL,"
    " depth_m int NOT NULL, open boolean NOT NULL)",
    "CREATE TABLE route (id serial PRIMARY KEY, cave_id int NOT NULL REFERENCES cave, name text NOT NULL,"
    " length_m int NOT NULL, ropes int NOT NULL)",
    "CREATE TABLE permit (id serial PRIMARY KEY, cave_id int NOT NULL REFERENCES cave, club_id int NOT NULL"
    " REFERENCES club, party int NOT NULL, until date NOT NULL, seal text NOT NULL)",
    "CREATE TABLE entry (id serial PRIMARY KEY, permit_id int NOT NULL UNIQUE REFERENCES permit, people int NOT NULL,"
    " down_at timestamptz NOT NULL)",
    "INSERT INTO massif SELECT n, 'Massif ' || n FROM generate_series(1, 12) n",
    "INSERT INTO club SELECT n, 'Caving club ' || n FROM generate_series(1, 90) n",
    "INSERT INTO cave SELECT n, n % 12 + 1, 'Swallet ' || n, 40 + n * 13 % 900, n % 6 > 0"
    f" FROM generate_series(1, {CAVES}) n",
    f"INSERT INTO route SELECT n, n % {CAVES} + 1, 'Route ' || n, 100 + n % 900, n % 7 FROM generate_series(1, 2400) n",
    "CREATE INDEX ON route (cave_id)",
    "CREATE INDEX ON permit (cave_id)",
)


def database():
    """Its folder belongs to the account that the server runs as."""
    os.mkdir("database")
    if os.geteuid() == 0:
        os.chmod(".", 0o711)
        shutil.chown("database", "postgres")
    return services.postgres(*SETUP)


class ParkConfig(AppConfig):
    name, label = __name__, "park"
    path = str(Path(__file__).parent)


settings.configure(
    DEBUG=False,
    SECRET_KEY="stalactite",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[f"{__name__}.ParkConfig"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware", "django.middleware.http.ConditionalGetMiddleware"],
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    LOGGING_CONFIG=None,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "127.0.0.1",
            "PORT": database(),
            "NAME": "postgres",
            "USER": "postgres",
            "CONN_MAX_AGE": None,
        }
    },
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.cached.Loader",
                        [("django.template.loaders.locmem.Loader", {"park/cave.html": PAGE})],
                    )
                ]
            },
        }
    ],
)
logging.disable(logging.WARNING)
django.setup()

from datetime import date, timedelta

from django.db import connection, models, transaction
from django.db.models import Sum
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils import timezone
from gunicorn.app.base import BaseApplication


class Massif(models.Model):
    name = models.TextField()

    class Meta:
        db_table = "massif"


class Club(models.Model):
    name = models.TextField()

    class Meta:
        db_table = "club"


class Cave(models.Model):
    massif = models.ForeignKey(Massif, models.PROTECT)
    name = models.TextField()
    depth_m = models.IntegerField()
    open = models.BooleanField()

    class Meta:
        db_table = "cave"


class Route(models.Model):
    cave = models.ForeignKey(Cave, models.CASCADE, related_name="routes")
    name = models.TextField()
    length_m = models.IntegerField()
    ropes = models.IntegerField()

    class Meta:
        db_table = "route"


class Permit(models.Model):
    cave = models.ForeignKey(Cave, models.CASCADE, related_name="permits")
    club = models.ForeignKey(Club, models.PROTECT)
    party = models.IntegerField()
    until = models.DateField()
    seal = models.TextField()

    class Meta:
        db_table = "permit"

    def sealed(self):
        told = f"{self.cave_id}:{self.club_id}:{self.party}:{self.until}".encode()
        return hmac.new(KEY, told, hashlib.sha256).hexdigest()


class Entry(models.Model):
    permit = models.OneToOneField(Permit, models.CASCADE)
    people = models.IntegerField()
    down_at = models.DateTimeField()

    class Meta:
        db_table = "entry"


def cave_page(request, number):
    cave = get_object_or_404(Cave.objects.select_related("massif").prefetch_related("routes"), id=number)
    issued = cave.permits.select_related("club").order_by("until")
    permits = [permit for permit in issued if hmac.compare_digest(permit.seal, permit.sealed())]
    inside = Entry.objects.filter(permit__cave=cave).aggregate(people=Sum("people"))["people"] or 0
    return render(request, "park/cave.html", {"cave": cave, "permits": permits, "inside": inside})


def open_caves(request):
    caves = Cave.objects.filter(open=True, massif=request.GET.get("massif", 1)).values("id", "name", "depth_m")
    return JsonResponse({"caves": list(caves)})


def register(request, number):
    """A party goes down, or comes up again."""
    with transaction.atomic():
        permit = get_object_or_404(Permit.objects.select_for_update(), id=number)
        left, _ = Entry.objects.filter(permit=permit).delete()
        if not left:
            Entry.objects.create(permit=permit, people=permit.party, down_at=timezone.now())
    return JsonResponse({"permit": number, "below": not left})


urlpatterns = [
    path("caves/<int:number>/", cave_page),
    path("caves/", open_caves),
    path("register/<int:number>/", register),
]


def issue_permits(number):
    first = date(2026, 5, 1)
    permits = [
        Permit(cave_id=n % CAVES + 1, club_id=n % 90 + 1, party=2 + n % 6, until=first + timedelta(days=n % 200))
        for n in range(number)
    ]
    for permit in permits:
        permit.seal = permit.sealed()
    Permit.objects.bulk_create(permits, batch_size=500)
    connection.close()


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
            "when_ready": expeditions,
            "post_worker_init": lambda worker: print(f"ready {worker.pid}", flush=True),
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        from django.core.wsgi import get_wsgi_application

        return get_wsgi_application()


def expeditions(arbiter):
    port = arbiter.LISTENERS[0].sock.getsockname()[1]
    pages = [f"/caves/{n}/" for n in range(1, CAVES, 9)] + [f"/caves/?massif={n}" for n in range(1, 13)]
    services.customers(port, pages + [f"/register/{n}/" for n in range(1, 1500, 60)], number=3, pause=0.3)


if __name__ == "__main__":
    issue_permits(1500)
    Server().run()
