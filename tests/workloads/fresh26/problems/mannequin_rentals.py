# expect: pattern=repeated-query bench
"""Rentals of shop-window mannequins: the counter's list of what is due, for the branches of a hire firm (Django, PostgreSQL).

Measured: due list at 14/s: problem 25 to 35 ms (median), 0.28 cores; repaired 4 to 10 ms, 0.07 cores.
"""

import datetime
import logging
import os
import sys

sys.path.insert(0, os.path.dirname(os.environ["SERVICES"]))
import clients
import services

BRANCHES = 12
DATABASE_PORT = services.postgres()

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="counter",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=False,
    INSTALLED_APPS=[],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "127.0.0.1",
            "PORT": DATABASE_PORT,
            "USER": "postgres",
            "NAME": "postgres",
            "CONN_MAX_AGE": None,
        }
    },
    LOGGING_CONFIG=None,
)
django.setup()

from django.core.wsgi import get_wsgi_application
from django.db import connection, models
from django.http import Http404, JsonResponse
from django.urls import path
from werkzeug.serving import WSGIRequestHandler, make_server


class Hirer(models.Model):
    name = models.CharField(max_length=80)
    phone = models.CharField(max_length=30)

    class Meta:
        app_label = "counter"


class Rental(models.Model):
    OUT, BACK = "out", "back"

    hirer = models.ForeignKey(Hirer, on_delete=models.PROTECT)
    branch = models.IntegerField()
    figure = models.CharField(max_length=40)
    pose = models.CharField(max_length=20)
    due = models.DateField()
    state = models.CharField(max_length=8, default=OUT)
    daily_cents = models.IntegerField()

    class Meta:
        app_label = "counter"
        indexes = [models.Index(fields=["branch", "state", "due"], name="rental_due")]


def row(rental, today):
    late = max(0, (today - rental.due).days)
    return {
        "id": rental.id,
        "figure": rental.figure,
        "pose": rental.pose,
        "due": rental.due.isoformat(),
        "late_days": late,
        "late_fee": late * rental.daily_cents / 100,
        "hirer": rental.hirer.name,  # <- cost
        "phone": rental.hirer.phone,
    }


def due_list(request, branch):
    if branch >= BRANCHES:
        raise Http404
    today = datetime.date(2024, 6, 1)
    rentals = Rental.objects.filter(branch=branch, state=Rental.OUT).order_by("due")[:40]  # <- cost
    rows = [row(rental, today) for rental in rentals]  # <- cost
    return JsonResponse({"branch": branch, "due": rows, "fees": sum(one["late_fee"] for one in rows)})


def rental_detail(request, number):
    found = Rental.objects.filter(pk=number).values("id", "figure", "pose", "state", "daily_cents").first()
    if found is None:
        raise Http404
    return JsonResponse(found)


urlpatterns = [
    path("branches/<int:branch>/due", due_list),
    path("rentals/<int:number>", rental_detail),
]


def fill():
    with connection.schema_editor() as editor:
        editor.create_model(Hirer)
        editor.create_model(Rental)
    Hirer.objects.bulk_create(
        Hirer(name=f"Draper & Daughter {n}", phone=f"0{n * 7919 % 99991:05}") for n in range(3000)
    )
    first = datetime.date(2024, 5, 1)
    poses = ("seated", "striding", "arms crossed", "headless")
    Rental.objects.bulk_create(
        (
            Rental(
                hirer_id=1 + n * 31 % 3000,
                branch=n % BRANCHES,
                figure=f"M-{n:05}",
                pose=poses[n % 4],
                due=first + datetime.timedelta(days=n * 13 % 70),
                state=Rental.OUT if n % 3 else Rental.BACK,
                daily_cents=350 + n % 7 * 50,
            )
            for n in range(9000)
        ),
        batch_size=1000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def send_header(self, keyword, value):
        if (keyword, value) != ("Connection", "close"):  # the proxy before it keeps its connections
            super().send_header(keyword, value)


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    fill()
    server = make_server("127.0.0.1", 0, get_wsgi_application(), threaded=True, request_handler=Handler)
    paths = [f"/branches/{n}/due" for n in range(BRANCHES)]
    services.outside(lambda: clients.come(server.server_port, paths, rate=14, workers=5))
    print("ready", os.getpid(), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
