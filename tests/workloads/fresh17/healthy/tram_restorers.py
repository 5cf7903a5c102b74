# expect: healthy bench
# The log of a tram museum's restorers (Django on PostgreSQL, gunicorn): the page of a tram shows its open jobs with
# their leads and parts, volunteers book their hours in batches of a shift, and a board lists the hours of the
# month.
#
# Statements: three for a tram (whatever the number of its jobs), one for the board, two for a shift's hours.
# Measured: 9 answers a second; 1.1 s of CPU in 19 s, the start included.
import http.client
import json
import os
import random
import socket
import sys
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import django
from django.conf import settings

sys.path.append(str(Path(__file__).parents[2]))
import services

TRAMS, PEOPLE, JOBS, TODAY = 40, 90, 2400, date(2025, 5, 20)

settings.configure(
    SECRET_KEY="only-on-this-machine",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=False,
    LOGGING_CONFIG=None,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "postgres",
            "USER": "postgres",
            "HOST": "127.0.0.1",
            "CONN_MAX_AGE": None,
        }
    },
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402
from django.db.models import Count, Prefetch, Sum  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.shortcuts import get_object_or_404  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.http import require_POST  # noqa: E402
from gunicorn.app.base import BaseApplication  # noqa: E402


# --- models ---------------------------------------------------------------------------------------------------------
class Restorer(models.Model):
    name = models.CharField(max_length=40)

    class Meta:
        app_label = "works"


class Tram(models.Model):
    fleet_number = models.IntegerField(unique=True)
    built = models.IntegerField()

    class Meta:
        app_label = "works"


class Job(models.Model):
    tram = models.ForeignKey(Tram, models.CASCADE, related_name="jobs")
    lead = models.ForeignKey(Restorer, models.PROTECT)
    title = models.CharField(max_length=60)
    done = models.BooleanField(default=False)

    class Meta:
        app_label = "works"


class Part(models.Model):
    job = models.ForeignKey(Job, models.CASCADE, related_name="parts")
    name = models.CharField(max_length=40)
    cast = models.BooleanField()

    class Meta:
        app_label = "works"


class Hours(models.Model):
    job = models.ForeignKey(Job, models.CASCADE)
    restorer = models.ForeignKey(Restorer, models.CASCADE)
    day = models.DateField()
    hours = models.FloatField()

    class Meta:
        app_label = "works"
        indexes = [models.Index(fields=["day", "restorer"])]


# --- views ----------------------------------------------------------------------------------------------------------
def tram_view(request, number):
    jobs = Job.objects.filter(done=False).select_related("lead").prefetch_related("parts").order_by("id")
    trams = Tram.objects.prefetch_related(Prefetch("jobs", queryset=jobs[:30], to_attr="open_jobs"))
    tram = get_object_or_404(trams, fleet_number=number)
    told = [
        {"title": job.title, "lead": job.lead.name, "parts": [part.name for part in job.parts.all()]}
        for job in tram.open_jobs
    ]
    return JsonResponse({"tram": number, "built": tram.built, "jobs": told})


def board_view(request):
    since = TODAY - timedelta(14)
    rows = Hours.objects.filter(day__gte=since).values("restorer__name").annotate(sum=Sum("hours"), days=Count("day"))
    return JsonResponse({"since": since, "board": list(rows.order_by("-sum")[:20])})


@require_POST
def shift_view(request):
    told = json.loads(request.body)
    with transaction.atomic():
        known = set(Job.objects.filter(id__in=[line["job"] for line in told]).values_list("id", flat=True))
        Hours.objects.bulk_create(
            Hours(job_id=line["job"], restorer_id=line["restorer"], day=TODAY, hours=line["hours"])
            for line in told
            if line["job"] in known
        )
    return JsonResponse({"booked": len(known)}, status=201)


urlpatterns = [path("trams/<int:number>", tram_view), path("board", board_view), path("shifts", shift_view)]


# --- the depot ------------------------------------------------------------------------------------------------------
def fill():
    chance = random.Random(9)
    with connection.schema_editor() as editor:
        for model in (Restorer, Tram, Job, Part, Hours):
            editor.create_model(model)
    people = Restorer.objects.bulk_create(Restorer(name=f"restorer {n}") for n in range(PEOPLE))
    trams = Tram.objects.bulk_create(Tram(fleet_number=100 + n, built=1898 + n) for n in range(TRAMS))
    jobs = Job.objects.bulk_create(
        Job(tram=chance.choice(trams), lead=chance.choice(people), title=f"job {n}", done=n % 4 > 0)
        for n in range(JOBS)
    )
    Part.objects.bulk_create(Part(job=jobs[n % JOBS], name=f"part {n}", cast=n % 3 == 0) for n in range(2 * JOBS))
    Hours.objects.bulk_create(
        Hours(job=jobs[n % JOBS], restorer=chance.choice(people), day=TODAY - timedelta(n % 700), hours=1 + n % 5)
        for n in range(12000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()


# --- server and load ------------------------------------------------------------------------------------------------
class Depot(BaseApplication):
    def __init__(self, listener):
        self.descriptor = listener.detach()
        super().__init__()

    def load_config(self):
        chosen = {
            "bind": f"fd://{self.descriptor}",
            "worker_class": "gthread",
            "threads": 4,
            "keepalive": 60,
            "worker_tmp_dir": os.getcwd(),
            "loglevel": "error",
            "control_socket_disable": True,
            "post_worker_init": lambda worker: print(f"ready {worker.pid}", flush=True),
        }
        for name, value in chosen.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        return get_wsgi_application()


def volunteers(port, number=4, pause=0.4):
    """Each opens a tram or the board, or books a shift, every ``pause`` seconds; the times taken are noted."""
    took = []

    def volunteer():
        link = http.client.HTTPConnection("127.0.0.1", port)
        time.sleep(1 + random.random() * pause)
        while True:
            began = time.monotonic()
            what = random.random()
            if what < 0.8:
                link.request("GET", f"/trams/{100 + random.randrange(TRAMS)}")
            elif what < 0.9:
                link.request("GET", "/board")
            else:
                lines = [{"job": n, "restorer": 1 + n % PEOPLE, "hours": 2.5} for n in random.sample(range(1, JOBS), 8)]
                link.request("POST", "/shifts", json.dumps(lines), {"Content-Type": "application/json"})
            answer = link.getresponse()
            answer.read()
            assert answer.status < 400, answer.status
            took.append(time.monotonic() - began)
            time.sleep(max(0.0, began + pause - time.monotonic()))

    for _ in range(number):
        threading.Thread(target=volunteer, daemon=True).start()
    while True:
        time.sleep(5)
        with open("load.log", "a") as notes:
            notes.write(f"{len(took)} answers, {1000 * sum(took) / max(1, len(took)):.1f} ms each\n")
        took.clear()


def main():
    settings.DATABASES["default"]["PORT"] = str(services.postgres())
    fill()
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    services.outside(lambda: volunteers(listener.getsockname()[1]))
    Depot(listener).run()


if __name__ == "__main__":
    main()
